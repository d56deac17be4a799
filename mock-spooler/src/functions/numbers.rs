//! Numbers of 64 bits as pairs of 32: `FILETIME` arithmetic. All of it wraps around.

use std::ffi::c_void;

pub(super) unsafe fn FtAddFt(Addend1: u64, Addend2: u64) -> u64 {
    Addend1.wrapping_add(Addend2)
}

pub(super) unsafe fn FtAdcFt(ft1: u64, ft2: u64, pwCarry: *mut c_void) -> u64 {
    let carry: *mut u16 = pwCarry.cast();
    if carry.is_null() {
        return ft1.wrapping_add(ft2);
    }
    // SAFETY: not null, hence a word, as the caller vouches.
    let into = u128::from(unsafe { carry.read_unaligned() } != 0);
    let sum = u128::from(ft1) + u128::from(ft2) + into;
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is the sum, the upper one the carry")]
    let (low, high) = (sum as u64, sum >> 64);
    // SAFETY: as above.
    unsafe { carry.write_unaligned(u16::from(high != 0)) };
    low
}

pub(super) unsafe fn FtSubFt(Minuend: u64, Subtrahend: u64) -> u64 {
    Minuend.wrapping_sub(Subtrahend)
}

pub(super) unsafe fn FtMulDw(Multiplier: u32, Multiplicand: u64) -> u64 {
    u64::from(Multiplier).wrapping_mul(Multiplicand)
}

pub(super) unsafe fn FtMulDwDw(Multiplicand: u32, Multiplier: u32) -> u64 {
    u64::from(Multiplicand) * u64::from(Multiplier)
}

pub(super) unsafe fn FtNegFt(ft: u64) -> u64 {
    ft.wrapping_neg()
}
