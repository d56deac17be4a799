//! A library that exports nothing. Built by the tests with the compiler alone.
