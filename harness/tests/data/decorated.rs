//! A library that exports its entry point under the name that C++ gives it. Built by the tests with the compiler alone.

#[unsafe(export_name = "_Z14XPProviderInitPv")]
pub extern "C" fn init() -> i32 {
    0
}
