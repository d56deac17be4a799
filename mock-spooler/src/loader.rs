//! Loads a candidate's library.
