//! Content codings, and which of them a client accepts (RFC 9110 §12.5.3).

use std::io::{self, Write};

use actix_web::http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use bytes::Bytes;

/// A page of 20 products (10.7 kB) is 3.0 kB after 0.33 ms; the next quality takes 1.5 ms for nothing.
const BROTLI_QUALITY: i32 = 5;
/// Of large bodies, which are seldom hot: 1,000 products (491 kB) take 4 ms in place of 11 ms, for 77 kB in place of 62 kB.
const BROTLI_QUALITY_OF_LARGE: i32 = 3;
const LARGE_BYTES: usize = 64 << 10;
const BROTLI_WINDOW_BITS: i32 = 20;
/// 3.3 kB after 0.04 ms.
const ZSTD_LEVEL: i32 = 3;
/// 3.3 kB after 0.13 ms.
const GZIP_LEVEL: u32 = 6;

/// A way to compress a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    Brotli,
    Zstd,
    Gzip,
}

impl Coding {
    /// The smaller body first: where a client likes several equally, the first counts.
    pub(crate) const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// Its registered name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// The coding of a name, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|coding| name.eq_ignore_ascii_case(coding.name()))
    }

    pub(super) fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    /// `body` in this coding.
    ///
    /// # Errors
    /// As the library says; there is none for bytes in memory.
    pub(super) fn compress(self, body: &[u8]) -> io::Result<Bytes> {
        let mut coded = Vec::with_capacity(body.len() / 4);
        match self {
            Self::Brotli => {
                let parameters = brotli::enc::BrotliEncoderParams {
                    quality: if body.len() > LARGE_BYTES { BROTLI_QUALITY_OF_LARGE } else { BROTLI_QUALITY },
                    lgwin: BROTLI_WINDOW_BITS,
                    size_hint: body.len(),
                    ..Default::default()
                };
                brotli::BrotliCompress(&mut &body[..], &mut coded, &parameters)?;
            }
            Self::Zstd => coded = zstd::bulk::compress(body, ZSTD_LEVEL)?,
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(coded, flate2::Compression::new(GZIP_LEVEL));
                encoder.write_all(body)?;
                coded = encoder.finish()?;
            }
        }
        Ok(coded.into())
    }
}

/// What `Accept-Encoding` accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// The coding that is liked best.
    pub(crate) coding: Option<Coding>,
    /// Whether the body may be sent as it is.
    pub(crate) identity: bool,
    /// Whether it is even liked better so.
    pub(crate) prefers_identity: bool,
}

/// Weights in thousandths; `None` where nothing is said.
#[derive(Debug, Default)]
struct Weights {
    codings: [Option<u16>; Coding::ALL.len()],
    identity: Option<u16>,
    others: Option<u16>,
}

impl Accepted {
    /// What the headers say; `None` if nothing. Elements that are malformed or not known are skipped.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        headers.get(ACCEPT_ENCODING)?;
        let mut weights = Weights::default();
        let texts = headers.get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
        for element in texts.flat_map(|text| text.split(',')) {
            weights.note(element);
        }
        Some(weights.judge())
    }
}

impl Weights {
    fn note(&mut self, element: &str) {
        let (name, parameters) = element.split_once(';').unwrap_or((element, ""));
        let (name, Some(weight)) = (name.trim(), weight(parameters)) else { return };
        if name == "*" {
            self.others = Some(weight);
        } else if name.eq_ignore_ascii_case("identity") {
            self.identity = Some(weight);
        } else if let Some(coding) = Coding::named(name.strip_prefix("x-").unwrap_or(name)) {
            self.codings[coding as usize] = Some(weight);
        }
    }

    fn judge(&self) -> Accepted {
        let weight_of = |coding: Coding| self.codings[coding as usize].or(self.others).unwrap_or(0);
        let mut best = (0, None);
        for coding in Coding::ALL {
            if weight_of(coding) > best.0 {
                best = (weight_of(coding), Some(coding));
            }
        }
        Accepted {
            coding: best.1,
            identity: self.identity.or(self.others) != Some(0),
            prefers_identity: self.identity.is_some_and(|weight| weight > best.0),
        }
    }
}

/// `q=` of the parameters in thousandths: 1,000 if it is not there, `None` if it is malformed.
fn weight(parameters: &str) -> Option<u16> {
    let parameters = parameters.trim();
    if parameters.is_empty() {
        return Some(1_000);
    }
    let text = parameters.strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=')?.trim_start();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_fraction = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths: u16 = format!("{fraction:0<3}").parse().ok().filter(|_| is_fraction)?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn accepted(values: &[&'static str]) -> Option<(Option<&'static str>, bool, bool)> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        let accepted = Accepted::of(&headers)?;
        Some((accepted.coding.map(Coding::name), accepted.identity, accepted.prefers_identity))
    }

    #[test]
    fn the_coding_that_the_client_likes_best_is_chosen() {
        for (values, expected) in [
            (&["gzip, deflate, br, zstd"][..], (Some("br"), true, false)),
            (&["gzip, zstd"], (Some("zstd"), true, false)),
            (&["GZIP"], (Some("gzip"), true, false)),
            (&["x-gzip"], (Some("gzip"), true, false)),
            (&["gzip;q=1.0, br;q=0.9"], (Some("gzip"), true, false)),
            (&["gzip; q=0.5", "br ; Q=0.25"], (Some("gzip"), true, false)),
            (&["br;q=0, *"], (Some("zstd"), true, false)),
            (&["*"], (Some("br"), true, false)),
            (&["*;q=0, gzip"], (Some("gzip"), false, false)),
            (&["*;q=0"], (None, false, false)),
            (&["*;q=0, identity"], (None, true, true)),
            (&["identity;q=0"], (None, false, false)),
            (&["identity;q=0, br"], (Some("br"), false, false)),
            (&["identity, gzip;q=0.5"], (Some("gzip"), true, true)),
            (&["identity, gzip"], (Some("gzip"), true, false)),
            (&["deflate"], (None, true, false)),
            (&[""], (None, true, false)),
        ] {
            assert_eq!(accepted(values), Some(expected), "{values:?}");
        }
        assert_eq!(accepted(&[]), None);
    }

    #[test]
    fn what_is_malformed_is_skipped() {
        for value in ["br;q=2", "br;q=1.5", "br;q=0.1234", "br;q=", "br;level=3", "br;q=-1", "b r", "br;q=1.+1"] {
            assert_eq!(accepted(&[value]), Some((None, true, false)), "{value}");
        }
    }

    #[test]
    fn each_coding_can_be_undone() {
        let body = r#"{"name":"绿茶","price":12.50}"#.repeat(500);
        let mut undone = [String::new(), String::new(), String::new()];
        let coded = |coding: Coding| coding.compress(body.as_bytes()).expect("compresses");
        let (br, zstd, gzip) = (coded(Coding::Brotli), coded(Coding::Zstd), coded(Coding::Gzip));
        brotli::Decompressor::new(&br[..], 4_096).read_to_string(&mut undone[0]).expect("is br");
        zstd::Decoder::new(&zstd[..]).expect("a decoder").read_to_string(&mut undone[1]).expect("is zstd");
        flate2::read::GzDecoder::new(&gzip[..]).read_to_string(&mut undone[2]).expect("is gzip");
        assert!(undone.iter().all(|text| *text == body));
        assert!([br, zstd, gzip].iter().all(|coded| coded.len() < body.len() / 10));
    }
}
