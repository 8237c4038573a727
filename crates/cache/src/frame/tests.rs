//! What is read is what was written, and nothing else is read.

mod formats;
mod golden;
mod properties;

use super::*;

const NAME: &str = "products:42";

fn context() -> Context<'static> {
    Context { codec: 1, schema: 0x0102_0304, name: NAME, echo: None, max_value_bytes: 1 << 20 }
}

fn frame() -> Frame {
    Frame {
        payload: Some(Bytes::from_static(b"payload")),
        version: Some(7),
        soft: Duration::from_secs(60),
        hard: Duration::from_secs(90),
        cost: Duration::from_millis(12),
        tags: vec!["books".to_owned(), "autumn".to_owned()],
    }
}

/// `body` with the checksum that makes it a frame under `NAME`.
fn sealed(mut body: Vec<u8>) -> Bytes {
    let sum = checksum(&body, NAME);
    body.extend(sum);
    body.into()
}

/// The frame with some of its bytes changed and its checksum made right again.
fn changed(frame: &Bytes, change: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut body = frame[..frame.len() - CHECKSUM_BYTES].to_vec();
    change(&mut body);
    sealed(body)
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let echoing = Context { echo: Some("a long key"), ..context() };
    let long = Frame { payload: Some(Bytes::from(vec![b'a'; 200])), ..frame() };
    for (context, frame) in [(context(), frame()), (echoing, frame()), (echoing, long)] {
        let whole = encode(&context, &frame, 100).unwrap();
        for cut in 0..whole.len() {
            assert!(decode(&context, &whole.slice(..cut)).is_err(), "cut at {cut}");
            assert!(decode(&context, &whole.slice(whole.len() - cut..)).is_err(), "only the last {cut}");
        }
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&context, &damaged.into()).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn a_frame_copied_under_another_name_is_refused() {
    let bytes = encode(&context(), &frame(), 100).unwrap();
    let other = Context { name: "products:43", ..context() };
    assert_eq!(decode(&other, &bytes), Err(FrameError::Damaged));
}

#[test]
fn frames_of_other_codecs_schemas_and_keys_of_one_hash_are_told_apart() {
    let echoing = Context { echo: Some("one long key"), ..context() };
    let bytes = encode(&echoing, &frame(), 100).unwrap();
    let refusal = |context| decode(&context, &bytes).unwrap_err();
    assert_eq!(refusal(Context { codec: 2, ..echoing }), FrameError::Codec);
    assert_eq!(refusal(Context { schema: 5, ..echoing }), FrameError::Schema);
    assert_eq!(refusal(Context { echo: Some("another key"), ..echoing }), FrameError::OtherKey);
    assert_eq!(refusal(Context { echo: None, ..echoing }), FrameError::OtherKey);
}

#[test]
fn bytes_of_somebody_else_are_foreign() {
    for other in ["", "L", "{\"id\":1}", "hello, I am somebody else's value, and longer than a header and a checksum"] {
        assert_eq!(decode(&context(), &Bytes::from(other)), Err(FrameError::Foreign), "{other:?}");
    }
}

#[test]
fn an_uncompressed_payload_shares_the_memory_of_the_frame() {
    let bytes = encode(&context(), &frame(), 100).unwrap();
    let payload = decode(&context(), &bytes).unwrap().payload.unwrap();
    assert!(bytes.as_ptr_range().contains(&payload.as_ptr()));
}

#[test]
fn a_payload_is_compressed_above_the_threshold_if_that_makes_it_smaller() {
    let length_of = |payload: Vec<u8>, compress_above_bytes| {
        let bytes = encode(&context(), &Frame { payload: Some(payload.into()), ..frame() }, compress_above_bytes);
        bytes.unwrap().len()
    };
    let noise: Vec<u8> = (0..1_000_u64).map(|i| xxh3_64(&i.to_le_bytes()).to_le_bytes()[0]).collect();
    let empty = length_of(vec![], 100);
    assert_eq!(length_of(vec![b'a'; 1_000], 1_000), empty + 1_000);
    assert!(length_of(vec![b'a'; 1_000], 999) < empty + 100);
    assert_eq!(length_of(noise, 100), empty + 1_000);
}

#[test]
fn payloads_over_the_limit_are_neither_written_nor_read() {
    for (payload, compress_above_bytes) in [(vec![0; 1_000], 100), (vec![0; 1_000], 1_000)] {
        let frame = Frame { payload: Some(payload.into()), ..frame() };
        let narrow = Context { max_value_bytes: 999, ..context() };
        assert_eq!(encode(&narrow, &frame, compress_above_bytes), Err(FrameError::TooLarge));
        let bytes = encode(&context(), &frame, compress_above_bytes).unwrap();
        assert_eq!(decode(&narrow, &bytes), Err(FrameError::TooLarge));
        assert_eq!(decode(&Context { max_value_bytes: 1_000, ..context() }, &bytes), Ok(frame));
    }
}

#[test]
fn tags_that_do_not_fit_are_an_error_and_not_lost() {
    let tagged = |tags| encode(&context(), &Frame { tags, ..frame() }, 100).map(|bytes| decode(&context(), &bytes));
    let longest = vec!["t".repeat(255); 255];
    assert_eq!(tagged(longest.clone()).unwrap().unwrap().tags, longest);
    assert_eq!(tagged(vec!["t".to_owned(); 256]), Err(FrameError::TooLarge));
    assert_eq!(tagged(vec!["t".repeat(256)]), Err(FrameError::TooLarge));
}

#[test]
fn lives_and_costs_that_the_fields_cannot_say_are_bounded() {
    let (zero, endless) = (Duration::ZERO, Duration::MAX);
    let (millisecond, longest) = (Duration::from_millis(1), Duration::from_millis(u64::MAX));
    let dearest = Duration::from_micros(u32::MAX.into());
    for (written, read) in [
        ((zero, zero, zero), (millisecond, millisecond, zero)),
        ((endless, endless, endless), (longest, longest, dearest)),
        ((endless, millisecond * 5, zero), (millisecond * 5, millisecond * 5, zero)),
        ((millisecond * 3 / 2, millisecond * 5 / 2, zero), (millisecond, millisecond * 2, zero)),
    ] {
        let (soft, hard, cost) = written;
        let bytes = encode(&context(), &Frame { soft, hard, cost, ..frame() }, 100).unwrap();
        let decoded = decode(&context(), &bytes).unwrap();
        assert_eq!((decoded.soft, decoded.hard, decoded.cost), read, "{written:?}");
    }
}

#[test]
fn a_key_beyond_64_kib_is_echoed_by_its_beginning() {
    let key = "ä".repeat(50_000);
    let echoing = Context { echo: Some(&key), ..context() };
    let bytes = encode(&echoing, &frame(), 100).unwrap();
    assert_eq!(decode(&echoing, &bytes), Ok(frame()));
}
