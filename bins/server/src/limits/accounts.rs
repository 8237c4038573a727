//! A table of fixed size with an account for each key that owes something; who owes least makes room.
//!
//! In place of governor's keyed store, which grows with the number of addresses until somebody sweeps it. Here an attacker with a whole
//! network of addresses takes no more memory than one. An account is forgotten by itself once nothing is owed, so that the table fills
//! only if there are more debtors at once than places; then who owes least is forgiven.

use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::clock::Nanos;

/// Places that one key may take.
const WAYS: usize = 8;

/// What stands in an account. The default is that of a stranger.
pub(crate) trait Account: Copy + Default {
    /// When it is worth no more than that of a stranger.
    fn settled_at(&self) -> Nanos;
}

/// The accounts. A lock is shared by the few keys that may take the same places, and held for a few instructions.
pub(crate) struct Accounts<A> {
    sets: Box<[Mutex<[Place<A>; WAYS]>]>,
    /// Seeded at random: nobody can aim at the place of somebody else.
    hasher: RandomState,
}

#[derive(Debug, Clone, Copy, Default)]
struct Place<A> {
    key: u64,
    account: A,
}

impl<A: Account> Accounts<A> {
    /// Room for at least `places` keys.
    pub(crate) fn new(places: usize) -> Self {
        let sets = places.div_ceil(WAYS).next_power_of_two();
        Self { sets: (0..sets).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    /// Lets `change` see and change the account of `key`.
    pub(crate) fn with<T>(&self, key: &impl Hash, now: Nanos, change: impl FnOnce(&mut A) -> T) -> T {
        let hash = self.hasher.hash_one(key);
        let mut places = self.set_of(hash);
        let place = position(&places, hash, now).unwrap_or_else(|| {
            let least = (0..WAYS).min_by_key(|place| places[*place].account.settled_at()).unwrap_or_default();
            places[least] = Place { key: hash, account: A::default() };
            least
        });
        change(&mut places[place].account)
    }

    /// The account of `key`. Takes no place.
    pub(crate) fn get(&self, key: &impl Hash, now: Nanos) -> A {
        let hash = self.hasher.hash_one(key);
        let places = self.set_of(hash);
        position(&places, hash, now).map_or_else(A::default, |place| places[place].account)
    }

    fn set_of(&self, hash: u64) -> MutexGuard<'_, [Place<A>; WAYS]> {
        // The upper half chooses the set: the number of sets is a power of two, and below 2^32.
        let set = usize::try_from(hash >> 32).unwrap_or_default() & (self.sets.len() - 1);
        self.sets[set].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn position<A: Account>(places: &[Place<A>; WAYS], hash: u64, now: Nanos) -> Option<usize> {
    places.iter().position(|place| place.key == hash && place.account.settled_at() > now)
}

impl<A> fmt::Debug for Accounts<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("places", &(self.sets.len() * WAYS)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, Default, PartialEq)]
    struct Debt(Nanos);

    impl Account for Debt {
        fn settled_at(&self) -> Nanos {
            self.0
        }
    }

    fn owe(accounts: &Accounts<Debt>, key: u32, until: Nanos) {
        accounts.with(&key, 0, |debt| debt.0 = until);
    }

    fn debt(accounts: &Accounts<Debt>, key: u32, now: Nanos) -> Nanos {
        accounts.get(&key, now).0
    }

    #[test]
    fn an_account_is_kept_until_it_is_settled() {
        let accounts = Accounts::new(64);
        owe(&accounts, 1, 100);
        assert_eq!((debt(&accounts, 1, 99), debt(&accounts, 2, 99)), (100, 0));
        assert_eq!(debt(&accounts, 1, 100), 0);
    }

    #[test]
    fn a_flood_of_strangers_does_not_forgive_a_debtor() {
        let accounts = Accounts::new(64);
        owe(&accounts, 0, 1_000_000);
        for stranger in 1..1_000_000 {
            owe(&accounts, stranger, 10);
        }
        assert_eq!(debt(&accounts, 0, 11), 1_000_000);
    }
}
