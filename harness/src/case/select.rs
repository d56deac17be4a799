//! Which cases and points are run: filters and shards.

use std::fmt;
use std::str::FromStr;

/// Filters: a case is taken where any of them is a part of its id, or all of it where they are exact. The points of a
/// sweep are taken with their case, or by filters that go on behind the `@`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The filters, or-ed; everything where there is none.
    pub filters: Vec<String>,
    /// Whether they are whole ids.
    pub exact: bool,
    /// The part of the whole that this machine runs.
    pub shard: Option<Shard>,
}

impl Selection {
    /// Whether an id is wanted: a case's, or that of a point of a sweep, `AREA/NAME@POINT`.
    #[must_use]
    pub fn takes(&self, id: &str) -> bool {
        let case = id.split('@').next().unwrap_or(id);
        let wanted = |filter: &String| match self.exact {
            true => filter == id || filter == case,
            false => id.contains(filter.as_str()),
        };
        (self.filters.is_empty() || self.filters.iter().any(wanted))
            && self.shard.is_none_or(|shard| shard.takes(id))
    }

    /// Whether points of this case's sweep may be wanted, so that the points have to be found out.
    #[must_use]
    pub fn may_take_points(&self, case: &str) -> bool {
        let wanted = |filter: &String| match filter.split_once('@') {
            Some((start, _)) if self.exact => start == case,
            Some((start, _)) => case.ends_with(start),
            // A part of a point alone, as `SetProps`, would cost a run of every sweep to be found anywhere.
            None if self.exact => filter == case,
            None => case.contains(filter.as_str()),
        };
        self.filters.is_empty() || self.filters.iter().any(wanted)
    }
}

/// One of several parts of a run, each for a machine of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub part: u32,
    /// How many parts.
    pub of: u32,
}

impl Shard {
    /// Whether an id falls into this part. It depends on the id alone, so that all machines agree whatever they filter.
    #[must_use]
    pub fn takes(self, id: &str) -> bool {
        hash(id) % u64::from(self.of) == u64::from(self.part - 1)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = || {
            let (part, of) = text.split_once('/')?;
            let shard = Self { part: part.parse().ok()?, of: of.parse().ok()? };
            (1 <= shard.part && shard.part <= shard.of).then_some(shard)
        };
        parts().ok_or_else(|| format!("`{text}` is no shard: K/N, with K from 1 to N"))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

/// FNV-1a: the same on every machine and in every version, which the standard library's hashes do not promise.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_in_exactly_one_shard() {
        for number in 0..200 {
            let id = format!("polling/case-{number}");
            let taken = (1..=3).filter(|part| Shard { part: *part, of: 3 }.takes(&id)).count();
            assert_eq!(taken, 1, "{id}");
        }
    }

    #[test]
    fn shards_are_checked() {
        for wrong in ["0/3", "4/3", "1", "1/0", "a/b", "-1/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert_eq!("2/3".parse(), Ok(Shard { part: 2, of: 3 }));
    }

    #[test]
    fn filters_are_parts_of_ids() {
        let some = Selection { filters: vec!["poll".into(), "cancel/".into()], ..Selection::default() };
        assert!(some.takes("polling/one") && some.takes("cancel/unknown") && !some.takes("notify/one"));
        let exact = Selection { exact: true, ..some };
        assert!(!exact.takes("polling/one"));
        let point = "start-message/sweep@IMAPIProp.SetProps#2=cancel";
        let at = |filter: &str, exact| Selection { filters: vec![filter.into()], exact, shard: None };
        assert!(at("sweep@IMAPIProp", false).may_take_points("start-message/sweep"));
        assert!(
            at("sweep@IMAPIProp", false).takes(point)
                && !at("sweep@IMAPIProp", false).takes("start-message/sweep")
        );
        assert!(at("start-message/sweep", true).takes(point) && at(point, true).takes(point));
    }
}
