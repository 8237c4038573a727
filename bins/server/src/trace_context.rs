//! W3C Trace Context (Recommendation, level 1): which trace a request belongs to, read strictly, and told back in the answer.

use std::fmt;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// Where a caller says to which trace its request belongs.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What tracing systems on the way keep to themselves.
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// Where an answer says which trace its request belonged to (Trace Context, level 2, draft).
pub(crate) const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");

const SAMPLED: u8 = 1;
/// `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const VERSION_0_LENGTH: usize = 55;

/// Names a trace; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceId(pub(crate) u128);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A place within a trace: that of the caller, or our own below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceContext {
    pub(crate) trace: TraceId,
    /// Never zero.
    pub(crate) span: u64,
    /// Whether whoever is at that place records it.
    pub(crate) sampled: bool,
}

impl TraceContext {
    /// The caller's place; `None` without one valid `traceparent`, as then a request begins a trace of its own (§3.2.2.5).
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(&TRACEPARENT);
        let value = values.next()?;
        if values.next().is_some() { None } else { Self::parse(value.as_bytes()) }
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let digits = |from: usize, to: usize| hexadecimal(text.get(from..to)?);
        let dashes = [2, 35, 52].iter().all(|place| text.get(*place) == Some(&b'-'));
        let version = digits(0, 2)?;
        let fits = match version {
            0 => text.len() == VERSION_0_LENGTH,
            0xff => false,
            // Later versions may append, behind a dash.
            _ => text.get(VERSION_0_LENGTH).is_none_or(|next| *next == b'-'),
        };
        let (trace, span, flags) = (digits(3, 35)?, digits(36, 52)?, digits(53, 55)?);
        let context = Self {
            trace: TraceId(trace),
            span: u64::try_from(span).ok()?,
            sampled: u8::try_from(flags).ok()? & SAMPLED == SAMPLED,
        };
        (dashes && fits && trace != 0 && span != 0).then_some(context)
    }

    /// Our own place below the caller's, which nobody records.
    pub(crate) fn unrecorded_child(self, random: &mut fastrand::Rng) -> Self {
        Self { span: random.u64(1..), sampled: false, ..self }
    }

    /// It as a header.
    pub(crate) fn header(self) -> Option<HeaderValue> {
        let text = format!("00-{}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled));
        HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).ok()
    }
}

/// A number of lower-case digits.
fn hexadecimal(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0_u128, |number, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(values: &[&str]) -> Option<TraceContext> {
        let mut headers = HeaderMap::new();
        values.iter().for_each(|value| headers.append(TRACEPARENT, HeaderValue::from_str(value).expect("a value")));
        TraceContext::of(&headers)
    }

    #[test]
    fn a_valid_parent_is_read_and_told_back() {
        let context = of(&[GOOD]).expect("it is valid");
        assert_eq!(context.trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!((context.span, context.sampled), (0x00f0_67aa_0ba9_02b7, true));
        assert_eq!(context.header().expect("a header"), GOOD);
        assert!(!of(&[&GOOD.replace("-01", "-00")]).expect("valid").sampled);
        assert!(of(&[&GOOD.replace("-01", "-ff")]).expect("valid").sampled, "unknown flags are ignored");
        let child = context.unrecorded_child(&mut fastrand::Rng::new());
        assert!(child.trace == context.trace && child.span != context.span && !child.sampled);
    }

    #[test]
    fn later_versions_may_append() {
        for (text, valid) in [
            (format!("cc{}", &GOOD[2..]), true),
            (format!("cc{}-what-ever", &GOOD[2..]), true),
            (format!("cc{}.what", &GOOD[2..]), false),
            (format!("ff{}", &GOOD[2..]), false),
            (format!("{GOOD}-what"), false),
        ] {
            assert_eq!(of(&[&text]).is_some(), valid, "{text}");
        }
    }

    #[test]
    fn anything_else_begins_a_trace_of_its_own() {
        let zeros = |from, count| GOOD.replace(from, &"0".repeat(count));
        for bad in [
            "",
            "00",
            &GOOD[..54],
            &GOOD.to_uppercase(),
            &GOOD.replace('-', "_"),
            &GOOD.replace("4bf9", "4bg9"),
            &GOOD.replace("00-4b", "0-04b"),
            &zeros("4bf92f3577b34da6a3ce929d0e0e4736", 32),
            &zeros("00f067aa0ba902b7", 16),
            &format!(" {GOOD}x"),
        ] {
            assert_eq!(of(&[bad]), None, "{bad}");
        }
        assert_eq!(of(&[GOOD, GOOD]), None, "twice");
    }
}
