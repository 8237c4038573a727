//! The bytes of format 1 as they were agreed on: a change here needs a new format version.

use super::*;

const GOLDEN: &str = include_str!("../../../tests/golden/frame_format_1.txt");

/// The bytes that the golden file has under `title`.
fn golden(title: &str) -> Bytes {
    let mut lines = GOLDEN.lines().filter(|line| !line.starts_with('#')).skip_while(|line| *line != title).skip(1);
    let fields = lines.by_ref().take_while(|line| !line.is_empty());
    let digits: String = fields.filter_map(|field| field.split_whitespace().next()).collect();
    assert!(!digits.is_empty(), "the golden file has nothing under {title}");
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &Bytes) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn assert_golden(title: &str, context: &Context<'_>, frame: &Frame) {
    assert_eq!(hex(&encode(context, frame, 100).unwrap()), hex(&golden(title)), "{title}");
    assert_eq!(decode(context, &golden(title)).as_ref(), Ok(frame), "{title}");
}

#[test]
fn a_plain_value() {
    let frame = Frame { payload: Some(Bytes::from_static(b"hi")), version: None, tags: vec![], ..frame() };
    assert_golden("plain", &context(), &frame);
}

#[test]
fn an_absence_with_a_version() {
    assert_golden("absent", &context(), &Frame { payload: None, tags: vec![], ..frame() });
}

#[test]
fn a_value_with_tags_under_a_hashed_key() {
    assert_golden("tagged and echoed", &Context { echo: Some("the whole key"), ..context() }, &frame());
}

/// Another release of the compressor may find other blocks, which is no other format: only reading is held fast.
#[test]
fn a_compressed_value_with_tags_under_a_hashed_key() {
    let context = Context { echo: Some("the whole key"), ..context() };
    let payload = Bytes::from("compress me ".repeat(40));
    let frame = Frame { payload: Some(payload), ..frame() };
    assert_eq!(decode(&context, &golden("compressed")), Ok(frame));
}

#[cfg(feature = "postcard")]
#[test]
fn a_value_in_postcard() {
    use crate::codec::{Codec, Postcard};

    let value = (300_u64, "ada".to_owned(), Some(-1_i32));
    let frame = Frame { payload: Some(Postcard.encode(&value).unwrap()), tags: vec![], ..frame() };
    let context = Context { codec: Codec::<(u64, String, Option<i32>)>::id(&Postcard), ..context() };
    assert_golden("postcard", &context, &frame);
    let read = decode(&context, &golden("postcard")).unwrap();
    let decoded: (u64, String, Option<i32>) = Postcard.decode(read.payload.unwrap()).unwrap();
    assert_eq!(decoded, value);
}
