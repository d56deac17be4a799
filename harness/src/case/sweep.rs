//! Sweeps: one case, run once for every callback or allocation of one of its steps, with a fault there.

use std::fmt;
use std::str::FromStr;

use mapi_spi::HRESULT;
use mock_spooler::plan::{Act, Injection, Trap};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

use crate::words::suggestion;

/// What a case file says of its sweep.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct SweepFile {
    /// What the faults are set at.
    pub(super) at: SweepAt,
    /// The verb of the step that is swept; the first one with this verb.
    pub(super) of: String,
    /// What happens at each point.
    #[serde(default = "out_of_memory")]
    #[schemars(with = "Vec<String>")]
    pub(super) inject: Vec<Fault>,
}

fn out_of_memory() -> Vec<Fault> {
    vec![Fault::Result("MAPI_E_NOT_ENOUGH_MEMORY".to_owned())]
}

/// What the faults of a sweep are set at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SweepAt {
    /// Every call that the candidate makes on an object of ours, AddRef and Release aside.
    Callback,
    /// Every allocation from the MAPI allocator.
    Allocation,
}

/// A sweep, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// What the faults are set at.
    pub at: SweepAt,
    /// The position of the step that is swept.
    pub step: usize,
    /// What happens at each point.
    pub inject: Vec<Fault>,
}

impl Sweep {
    /// The points, given the places that a run without faults came by: all of them where they are not too many, else a choice
    /// that is the same each time.
    #[must_use]
    pub fn points(&self, places: &[Place]) -> Vec<Point> {
        let with = |place: &Place| {
            let place = place.clone();
            self.inject.iter().map(move |fault| Point { place: place.clone(), fault: fault.clone() })
        };
        chosen(places).into_iter().flat_map(with).collect()
    }
}

/// A provider that writes a body in tiny pieces comes by thousands of places that are all alike. Beyond this many, each method
/// keeps its first and last places, and the rest is thinned out evenly.
const MOST_PLACES: usize = 96;

fn chosen(places: &[Place]) -> Vec<&Place> {
    if places.len() <= MOST_PLACES {
        return places.iter().collect();
    }
    let edge = |place: &Place| {
        let last = places.iter().filter(|other| other.what == place.what).map(|other| other.nth).max();
        place.nth <= 2 || Some(place.nth) == last
    };
    let every = places.len().div_ceil(MOST_PLACES / 2);
    let kept = |(index, place): &(usize, &Place)| index % every == 0 || edge(place);
    places.iter().enumerate().filter(kept).map(|(_, place)| place).collect()
}

/// What happens at a point.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The spooler cancels the message in process by TransportNotify.
    Cancel,
    /// The spooler cancels a message that nobody processes.
    CancelUnknown,
    /// SpoolerYield tells that the message is cancelled.
    CancelByYield,
    /// Outbound ends: TransportNotify(NOTIFY_END_OUTBOUND).
    EndOutbound,
    /// TransportLogoff.
    Logoff,
    /// The call fails with this result, by name or 0x number.
    Result(String),
}

impl Fault {
    const WORDS: [(&'static str, Self); 5] = [
        ("cancel", Self::Cancel),
        ("cancel-unknown", Self::CancelUnknown),
        ("cancel-by-yield", Self::CancelByYield),
        ("end-outbound", Self::EndOutbound),
        ("logoff", Self::Logoff),
    ];

    fn act(&self) -> Act {
        match self {
            Self::Cancel => Act::Cancel,
            Self::CancelUnknown => Act::CancelUnknown,
            Self::CancelByYield => Act::CancelByYield,
            Self::EndOutbound => Act::TransportNotify(vec!["NOTIFY_END_OUTBOUND".to_owned()]),
            Self::Logoff => Act::Logoff(Vec::new()),
            Self::Result(result) => Act::Fail(result.clone()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancel => f.write_str("cancel"),
            Self::CancelUnknown => f.write_str("cancel-unknown"),
            Self::CancelByYield => f.write_str("cancel-by-yield"),
            Self::EndOutbound => f.write_str("end-outbound"),
            Self::Logoff => f.write_str("logoff"),
            Self::Result(result) => f.write_str(result),
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, fault)) = Self::WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(fault.clone());
        }
        if HRESULT::from_name(text).is_some() {
            return Ok(Self::Result(text.to_owned()));
        }
        let known =
            Self::WORDS.iter().map(|(word, _)| *word).chain(HRESULT::all().iter().map(|(_, name)| *name));
        Err(format!(
            "unknown fault `{text}`: neither `cancel` nor the name of a result{}",
            suggestion(text, known)
        ))
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A place of a sweep: the how manieth call of a method, or allocation, since the step began.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// `IMAPIProp.SetProps`, or `allocation`.
    pub what: String,
    /// From 1.
    pub nth: u32,
}

/// A point of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Point {
    /// Where.
    pub place: Place,
    /// What happens there.
    pub fault: Fault,
}

impl Point {
    /// What the child is told of it.
    #[must_use]
    pub fn injection(&self, step: usize) -> Injection {
        let Place { what, nth } = self.place.clone();
        Injection { step, trap: Trap { at: what, nth, on: None, act: self.fault.act() } }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}={}", self.place.what, self.place.nth, self.fault)
    }
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = || {
            let (what, rest) = text.split_once('#')?;
            let (nth, fault) = rest.split_once('=')?;
            Some((what, nth.parse::<u32>().ok().filter(|nth| *nth > 0)?, fault))
        };
        let (what, nth, fault) = parts()
            .ok_or_else(|| format!("`{text}` is no point of a sweep, as `IMAPIProp.SetProps#2=cancel` is"))?;
        Ok(Self { place: Place { what: what.to_owned(), nth }, fault: fault.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_told_by_its_name() {
        for text in ["IMAPIProp.SetProps#2=MAPI_E_NOT_ENOUGH_MEMORY", "allocation#7=MAPI_E_NOT_ENOUGH_MEMORY"]
        {
            assert_eq!(text.parse::<Point>().map(|point| point.to_string()).as_deref(), Ok(text));
        }
        for wrong in ["IMAPIProp.SetProps", "a#0=cancel", "a#1=MAPI_E_NOT_ENOUGH_MEMROY"] {
            assert!(wrong.parse::<Point>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn very_many_places_are_thinned_out() {
        let place = |what: &str, nth| Place { what: what.to_owned(), nth };
        let mut places: Vec<_> = (1..=5000).map(|nth| place("ISequentialStream.Write", nth)).collect();
        places.push(place("IMAPIProp.SaveChanges", 1));
        let chosen = chosen(&places);
        assert!(chosen.len() <= MOST_PLACES, "{}", chosen.len());
        assert!(
            chosen.contains(&&places[0])
                && chosen.contains(&&places[4999])
                && chosen.contains(&&places[5000])
        );
        assert_eq!(super::chosen(&places[..20]).len(), 20);
    }

    #[test]
    fn a_misspelt_result_is_suggested() {
        let error = "MAPI_E_NOT_ENOUGH_MEMROY".parse::<Fault>().expect_err("no such result");
        assert!(error.contains("did you mean `MAPI_E_NOT_ENOUGH_MEMORY`?"), "{error}");
    }
}
