//! Which formats are read, and which contradictions behind a right checksum are refused.

use super::*;

const FORMAT_AT: usize = 2;
const LENGTH_AT: usize = 3;
const FLAGS_AT: usize = 5;
const VERSION_AT: usize = 10;
const SOFT_AT: usize = 18;
const HARD_AT: usize = 26;
const SECTIONS_AT: usize = 38;

const IGNORABLE_FLAG: u8 = 1 << 7;
const UNKNOWN_FLAG: u8 = 1 << 5;

fn plain() -> Bytes {
    encode(&context(), &frame(), 100).unwrap()
}

/// As the next format may be written: three bytes more in the header, and a flag that nobody needs to know.
fn of_the_next_format(body: &mut Vec<u8>) {
    body[FORMAT_AT] = 2;
    body[LENGTH_AT] += 3;
    body[FLAGS_AT] |= IGNORABLE_FLAG;
    body.splice(SECTIONS_AT..SECTIONS_AT, *b"new");
}

fn assert_refused(reason: FrameError, change: impl FnOnce(&mut Vec<u8>)) {
    assert_eq!(decode(&context(), &changed(&plain(), change)), Err(reason));
}

#[test]
fn the_next_format_with_a_longer_header_and_an_ignorable_flag_is_read() {
    assert_eq!(decode(&context(), &changed(&plain(), of_the_next_format)), Ok(frame()));
    assert_eq!(decode(&context(), &changed(&plain(), |body| body[FORMAT_AT] = 2)), Ok(frame()));
}

#[test]
fn the_format_after_the_next_and_format_zero_are_refused() {
    for format in [0, 3, 4, 255] {
        assert_refused(FrameError::Format, |body| {
            of_the_next_format(body);
            body[FORMAT_AT] = format;
        });
    }
}

#[test]
fn an_unknown_flag_that_must_be_understood_is_refused_in_either_format() {
    assert_refused(FrameError::Format, |body| body[FLAGS_AT] |= UNKNOWN_FLAG);
    assert_refused(FrameError::Format, |body| {
        of_the_next_format(body);
        body[FLAGS_AT] |= UNKNOWN_FLAG;
    });
}

#[test]
fn a_header_of_another_length_is_refused() {
    for length in [0, 4, 37, 39, 255] {
        assert_refused(FrameError::Damaged, |body| body[LENGTH_AT] = length);
    }
    for length in [0, 37, 255] {
        assert_refused(FrameError::Damaged, |body| {
            of_the_next_format(body);
            body[LENGTH_AT] = length;
        });
    }
    for length in 3..SECTIONS_AT {
        assert_refused(FrameError::Damaged, |body| body.truncate(length));
    }
}

#[test]
fn lives_of_zero_or_in_the_wrong_order_are_refused() {
    assert_refused(FrameError::Damaged, |body| body[SOFT_AT..HARD_AT].fill(0));
    assert_refused(FrameError::Damaged, |body| body[SOFT_AT..HARD_AT + 8].fill(0));
    assert_refused(FrameError::Damaged, |body| body[HARD_AT..HARD_AT + 8].fill(0));
    assert_refused(FrameError::Damaged, |body| body[SOFT_AT..HARD_AT].copy_from_slice(&90_001_u64.to_le_bytes()));
}

#[test]
fn a_version_without_its_flag_is_refused() {
    let bytes = encode(&context(), &Frame { version: None, ..frame() }, 100).unwrap();
    let bytes = changed(&bytes, |body| body[VERSION_AT] = 1);
    assert_eq!(decode(&context(), &bytes), Err(FrameError::Damaged));
}

#[test]
fn version_zero_is_a_version() {
    let frame = Frame { version: Some(0), ..frame() };
    assert_eq!(decode(&context(), &encode(&context(), &frame, 100).unwrap()), Ok(frame));
}

#[test]
fn sections_that_reach_over_the_end_or_are_no_text_are_refused() {
    assert_refused(FrameError::Damaged, |body| body[SECTIONS_AT] = 255);
    assert_refused(FrameError::Damaged, |body| body[SECTIONS_AT + 1] = 255);
    assert_refused(FrameError::Damaged, |body| body[SECTIONS_AT + 2] = 0xff);
    assert_refused(FrameError::Damaged, |body| body.truncate(SECTIONS_AT));
}

#[test]
fn an_absence_with_a_payload_is_refused() {
    assert_refused(FrameError::Damaged, |body| body[FLAGS_AT] |= 1);
    assert_refused(FrameError::Damaged, |body| body[FLAGS_AT] |= 1 | 16);
}

#[test]
fn a_bomb_is_refused_before_it_takes_memory() {
    let untagged = encode(&context(), &Frame { payload: Some(vec![0; 5_000].into()), tags: vec![], ..frame() }, 100);
    let claiming = |length: u32| {
        changed(untagged.as_ref().unwrap(), |body| {
            body[SECTIONS_AT..SECTIONS_AT + 4].copy_from_slice(&length.to_le_bytes());
        })
    };
    assert!(decode(&context(), &claiming(5_000)).is_ok());
    assert_eq!(decode(&context(), &claiming(u32::MAX)), Err(FrameError::TooLarge));
    assert_eq!(decode(&context(), &claiming((1 << 20) + 1)), Err(FrameError::TooLarge));
    for length in [0, 4_999, 5_001, 1 << 20] {
        assert_eq!(decode(&context(), &claiming(length)), Err(FrameError::Damaged), "{length}");
    }
}
