//! Frames under random contents, and random bytes under `decode`.

use proptest::{collection::vec, option, prelude::*};

use super::*;

fn any_frame() -> impl Strategy<Value = Frame> {
    let payload = option::of(prop_oneof![vec(any::<u8>(), 0..300), vec(0..3_u8, 0..3_000)]);
    let lives = (1..u64::MAX, 1..u64::MAX);
    (payload, any::<Option<u64>>(), lives, any::<u32>(), vec("\\PC{0,40}", 0..5)).prop_map(
        |(payload, version, (one, other), cost_us, tags)| Frame {
            payload: payload.map(Bytes::from),
            version,
            soft: Duration::from_millis(one.min(other)),
            hard: Duration::from_millis(one.max(other)),
            cost: Duration::from_micros(cost_us.into()),
            tags,
        },
    )
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        frame in any_frame(),
        codec: u8,
        schema: u32,
        name in "\\PC{0,80}",
        echo in option::of("\\PC{0,300}"),
        compress_above_bytes in 0..2_000_usize,
    ) {
        let context = Context { codec, schema, name: &name, echo: echo.as_deref(), max_value_bytes: 3_000 };
        let bytes = encode(&context, &frame, compress_above_bytes).unwrap();
        prop_assert_eq!(decode(&context, &bytes), Ok(frame));
    }

    #[test]
    fn arbitrary_bytes_are_no_frame(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert!(decode(&context(), &bytes.into()).is_err());
    }

    #[test]
    fn arbitrary_bytes_behind_a_good_beginning_are_no_frame(rest in vec(any::<u8>(), 0..400)) {
        let bytes = [b"La\x01\x26\x01", rest.as_slice()].concat();
        prop_assert!(decode(&context(), &bytes.into()).is_err());
    }

    /// Whoever writes here may be broken behind a right checksum: no panic, and nothing beyond the limits.
    #[test]
    fn sealed_nonsense_is_refused_or_within_the_limits(
        frame in any_frame(),
        flags: u8,
        format in 1..3_u8,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let context = Context { max_value_bytes: 2_000, ..context() };
        let written = encode(&super::context(), &frame, 100).unwrap();
        let bytes = changed(&written, |body| {
            body[2] = format;
            body[5] = flags;
            for (place, byte) in changes {
                let place = place.index(body.len());
                body[place] = byte;
            }
        });
        if let Ok(read) = decode(&context, &bytes) {
            prop_assert!(read.payload.is_none_or(|payload| payload.len() <= 2_000));
            prop_assert!(!read.soft.is_zero() && read.soft <= read.hard);
        }
    }
}
