//! What is counted: for each kind of event an enumeration of how it can end, and a struct with one named count for each.

use serde::Serialize;

/// Something that is made of counters and can be read back from them in order.
pub(super) trait Count: Copy {
    /// How many counters it takes.
    const SLOTS: usize;

    /// Takes its counters, in the order of its fields.
    fn read(next: &mut impl FnMut() -> u64) -> Self;

    /// What was added after `earlier`.
    fn since(self, earlier: Self) -> Self;

    /// All of its counters together.
    fn sum(self) -> u64;
}

impl Count for u64 {
    const SLOTS: usize = 1;

    fn read(next: &mut impl FnMut() -> u64) -> Self {
        next()
    }

    fn since(self, earlier: Self) -> Self {
        self.saturating_sub(earlier)
    }

    fn sum(self) -> u64 {
        self
    }
}

/// Declares an enumeration and the struct that holds a cell for each of its variants, so that the two cannot drift apart.
macro_rules! counted {
    (
        $(#[$kind_doc:meta])* enum $kind:ident;
        $(#[$counts_doc:meta])* struct $counts:ident of $cell:ty {
            $($(#[$doc:meta])* $variant:ident => $field:ident,)+
        }
    ) => {
        $(#[$kind_doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $kind {
            $($(#[$doc])* $variant,)+
        }

        impl $kind {
            /// Each variant once, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name in metrics and in serialized statistics, in snake case.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($field),)+
                }
            }
        }

        $(#[$counts_doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
        #[non_exhaustive]
        pub struct $counts {
            $($(#[$doc])* pub $field: $cell,)+
        }

        impl $counts {
            /// The count of one variant.
            pub fn get(&self, kind: $kind) -> $cell {
                match kind {
                    $($kind::$variant => self.$field,)+
                }
            }

            /// The sum of all.
            pub fn total(&self) -> u64 {
                self.sum()
            }
        }

        impl Count for $counts {
            const SLOTS: usize = $kind::ALL.len() * <$cell as Count>::SLOTS;

            fn read(next: &mut impl FnMut() -> u64) -> Self {
                Self { $($field: Count::read(next),)+ }
            }

            fn since(self, earlier: Self) -> Self {
                Self { $($field: self.$field.since(earlier.$field),)+ }
            }

            fn sum(self) -> u64 {
                0 $(+ self.$field.sum())+
            }
        }
    };
}

counted! {
    /// How the lookup of one key ended for one caller. A batch of `n` keys is `n` lookups.
    enum Outcome;
    /// Lookups by outcome; together they are all lookups that have ended.
    struct LookupCounts of u64 {
        /// L1 answered, with a value or with a cached absence.
        L1 => l1,
        /// L2 answered, with a value or with a cached absence.
        L2 => l2,
        /// The load that this caller led answered.
        Loaded => loaded,
        /// A load, or a look into L2, that another caller led answered.
        Shared => shared,
        /// A value past its soft end, but within grace, was served.
        Stale => stale,
        /// A call that does not load found nothing.
        Missed => missed,
        /// The caller was answered with an error.
        Failed => failed,
        /// The caller went away before there was an answer.
        Abandoned => abandoned,
    }
}

counted! {
    /// What a look into L1 found.
    enum L1Look;
    /// Looks into L1 by what they found. One lookup can look more than once.
    struct L1Counts of u64 {
        /// An entry that may be served; always the same number as [`LookupCounts::l1`].
        Hit => hit,
        /// An entry past its soft end, or one that was not confirmed in time.
        Stale => stale,
        /// No entry.
        Miss => miss,
    }
}

counted! {
    /// What L2 is asked to do. One operation is one round trip, whatever the number of keys.
    enum Operation;
    /// Operations on L2, each by its outcome.
    struct L2Counts of L2OutcomeCounts {
        /// Read values.
        Fetch => fetch,
        /// Read values and take the lease of what is missing.
        Lease => lease,
        /// Store a loaded value under its lease.
        Fill => fill,
        /// Replace a value and drop its lease.
        Insert => insert,
        /// Drop values and leases.
        Invalidate => invalidate,
        /// Read or move the generations of tags or of the namespace.
        Generations => generations,
        /// Give a lease back.
        Release => release,
    }
}

counted! {
    /// How an operation on L2 ended.
    enum L2Outcome;
    /// Operations by outcome.
    struct L2OutcomeCounts of u64 {
        /// L2 did it.
        Ok => ok,
        /// L2 or the way to it failed.
        Failed => failed,
        /// L2 did not answer within its deadline; whether it did it is unknown.
        Deadline => deadline,
        /// The breaker was open: L2 was not asked.
        BreakerOpen => breaker_open,
        /// L2 is not to be believed at present: it was not asked.
        Bypassed => bypassed,
    }
}

counted! {
    /// What L2 answered for one key.
    enum L2Answer;
    /// Answers of L2, one for each key of a read.
    struct L2AnswerCounts of u64 {
        /// A value or an absence that may be served.
        Hit => hit,
        /// A value past its soft end.
        Stale => stale,
        /// Nothing; the lease, if one was asked for, is the caller's.
        Miss => miss,
        /// Nothing, and somebody else holds the lease.
        Busy => busy,
        /// Bytes that cannot be decoded: foreign, truncated, damaged or of a newer format.
        Garbage => garbage,
        /// A value from before an invalidation that is known here: of its key, a tag or the namespace.
        Outdated => outdated,
    }
}

counted! {
    /// What became of the fill of one key.
    enum FillOutcome;
    /// Fills of L2, one for each key.
    struct FillCounts of u64 {
        /// Stored.
        Stored => stored,
        /// The lease had ended, by time or by an invalidation.
        Refused => refused,
        /// An invalidation with a higher version is known.
        Old => old,
        /// The frame is over the size limit; it was not sent.
        TooLarge => too_large,
        /// The codec could not encode the value; it was not sent.
        Unencodable => unencodable,
    }
}

counted! {
    /// How one load ended. A batch that one loader call loads is one load.
    enum LoadOutcome;
    /// Loads by outcome; together with those in progress they are all that were wanted.
    struct LoadCounts of u64 {
        /// The loader answered, be it that there is nothing.
        Loaded => loaded,
        /// The loader answered an error.
        Failed => failed,
        /// The loader panicked.
        Panicked => panicked,
        /// The load was not done by its hard deadline.
        Deadline => deadline,
        /// No place within the loader budget became free in time; the loader was not called.
        Overloaded => overloaded,
    }
}

counted! {
    /// What an invalidation reaches.
    enum Invalidated;
    /// What was invalidated through this cache on this node.
    struct InvalidationCounts of u64 {
        /// Keys.
        Key => key,
        /// Tags.
        Tag => tag,
        /// The whole namespace.
        Clear => clear,
    }
}
