//! Known failures: they run all the same, and a failure that no longer is one is told.

use chrono::NaiveDate;

/// A failure that the candidate file accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFailure {
    /// The case, or the point of a sweep.
    pub case: String,
    /// The requirement that is broken; any where missing.
    pub requirement: Option<String>,
    /// Why it is left so.
    pub reason: String,
    /// The last day on which it is accepted, as year, month and day.
    pub until: Option<(i32, u32, u32)>,
}

/// The known failures of a candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The entries, in the order of the file.
    pub entries: Vec<KnownFailure>,
}

impl Known {
    /// The entries about a case or a point of a sweep that are still accepted today. An entry about the case of a sweep is
    /// about each of its points.
    pub fn about<'a>(&'a self, id: &'a str) -> impl Iterator<Item = (usize, &'a KnownFailure)> {
        self.all(id).filter(|(_, entry)| !entry.has_expired())
    }

    /// The entries about it that were accepted once.
    pub fn expired<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a KnownFailure> {
        self.all(id).map(|(_, entry)| entry).filter(|entry| entry.has_expired())
    }

    fn all<'a>(&'a self, id: &'a str) -> impl Iterator<Item = (usize, &'a KnownFailure)> {
        let case = id.split('@').next().unwrap_or(id);
        self.entries.iter().enumerate().filter(move |(_, entry)| entry.case == id || entry.case == case)
    }
}

impl KnownFailure {
    /// Whether it accepts that this requirement is broken.
    #[must_use]
    pub fn accepts(&self, requirement: &str) -> bool {
        self.requirement.as_deref().is_none_or(|accepted| accepted == requirement)
    }

    /// Whether its last day is over.
    fn has_expired(&self) -> bool {
        self.until.is_some_and(|until| until < today())
    }
}

/// A day, if it is one: `2027-03-01`.
pub(super) fn day(text: &str) -> Option<(i32, u32, u32)> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    // `%m` and `%d` take a single digit too, which would read as something else to people of other habits.
    (date.format("%Y-%m-%d").to_string() == text).then(|| parts(date))
}

fn today() -> (i32, u32, u32) {
    parts(chrono::Utc::now().date_naive())
}

fn parts(date: NaiveDate) -> (i32, u32, u32) {
    use chrono::Datelike as _;
    (date.year(), date.month(), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(case: &str, until: Option<(i32, u32, u32)>) -> KnownFailure {
        KnownFailure { case: case.into(), requirement: Some("NOTI-02".into()), reason: "later".into(), until }
    }

    #[test]
    fn days() {
        assert_eq!(day("2027-03-01"), Some((2027, 3, 1)));
        for wrong in ["2027-3-1", "2027-02-30", "01.03.2027", "2027-03-01T00:00"] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_sweep_s_case_stands_for_its_points() {
        let known = Known { entries: vec![entry("notify/backlog", None), entry("notify/other", None)] };
        assert_eq!(known.about("notify/backlog@allocation#1=MAPI_E_NOT_ENOUGH_MEMORY").count(), 1);
        assert_eq!(known.about("notify/backlog-2").count(), 0);
    }

    #[test]
    fn what_has_expired_is_no_longer_accepted() {
        let known = Known { entries: vec![entry("notify/backlog", Some((2001, 1, 1)))] };
        assert_eq!((known.about("notify/backlog").count(), known.expired("notify/backlog").count()), (0, 1));
        assert_eq!(known.expired("notify/other").count(), 0);
    }
}
