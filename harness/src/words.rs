//! Words that were nearly right.

use std::cmp::Reverse;

/// No name of ours is longer, in characters. Comparing takes time and memory by both lengths: a file may have any words.
const LONGEST: usize = 128;

/// The candidate that `word` was most likely meant to be.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let too_long = |word: &str| word.chars().nth(LONGEST).is_some();
    if too_long(word) {
        return None;
    }
    let folded = word.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| !too_long(candidate))
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed(&folded, candidate))
        // People begin and end words rightly: `logof` was to be `logoff`, not `logon`.
        .min_by_key(|(distance, candidate)| (*distance, Reverse(common_ends(word, candidate))))
        .map(|(_, candidate)| candidate)
}

/// "; did you mean `x`?", or nothing.
pub(crate) fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(word, candidates).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

fn common_ends(a: &str, b: &str) -> usize {
    let start = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let end = a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b).count();
    start + end
}

/// A third of the longer word may be wrong: beyond that a suggestion confuses more than it helps.
fn allowed(word: &str, candidate: &str) -> usize {
    (word.chars().count().max(candidate.chars().count()) / 3).max(1)
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn nearest_wins() {
        assert_eq!(did_you_mean("recieve", ["receive", "release-logon"]), Some("receive"));
        assert_eq!(did_you_mean("logof", ["logon", "logoff"]), Some("logoff"));
        assert_eq!(did_you_mean("POLL-2", ["POLL-01", "POLL-02"]), Some("POLL-02"));
    }

    /// A word of a file's size took seconds, and two of them all of the memory.
    #[test]
    fn long_words_are_not_compared() {
        let (long, longer) = ("a".repeat(4096), "a".repeat(4097));
        assert_eq!(did_you_mean(&long, [longer.as_str(), "a"]), None);
        assert_eq!(did_you_mean("receiv", [longer.as_str(), "receive"]), Some("receive"));
    }

    #[test]
    fn strangers_are_not_suggested() {
        assert_eq!(did_you_mean("zebra", ["receive", "logon"]), None);
    }
}
