//! Sizes, alignments, offsets, vtable slots and interface identifiers, compared with what a C compiler makes of the
//! public MAPI headers: `layout/layout.c`, compiled by MinGW-w64, prints them, run under Wine.
//!
//! Where a machine has no MinGW-w64 or no Wine, the test says so and passes; with `CI=true` in the environment it fails.

#![cfg(target_pointer_width = "64")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::mem::{align_of, offset_of, size_of};
use std::path::Path;
use std::process::Command;

use mapi_spi::structs::{
    __UPV, ADRENTRY, ADRLIST, ENTRYID, ERROR_NOTIFICATION, EXTENDED_NOTIFICATION, FILETIME, FLATENTRY,
    FLATENTRYLIST, MAPIERROR, MAPINAMEID, MAPIUID, NEWMAIL_NOTIFICATION, NOTIFICATION, NOTIFKEY,
    OBJECT_NOTIFICATION, OPTIONDATA, SAndRestriction, SAppTimeArray, SBinary, SBinaryArray,
    SBitMaskRestriction, SCommentRestriction, SComparePropsRestriction, SContentRestriction, SCurrencyArray,
    SDateTimeArray, SDoubleArray, SExistRestriction, SGuidArray, SLPSTRArray, SLargeIntegerArray, SLongArray,
    SNotRestriction, SOrRestriction, SPropProblem, SPropProblemArray, SPropTagArray, SPropValue,
    SPropertyRestriction, SRealArray, SRestriction, SRow, SRowSet, SShortArray, SSizeRestriction, SSortOrder,
    SSortOrderSet, SSubRestriction, STATSTG, STATUS_OBJECT_NOTIFICATION, SWStringArray, TABLE_NOTIFICATION,
};
use windows_core::{IUnknown, IUnknown_Vtbl, Interface as _};

/// Union members of newer public headers, which those of MinGW-w64 lack.
const NEWER: &[&str] = &[
    "field __UPV.lpv",
    "field MAPINAMEID.Kind.lID_Reserved",
    "field SRestriction.res.resAnnotation",
    "field SRestriction.res.resCount",
];

#[test]
fn layout_is_that_of_the_headers() {
    let Some(printed) = run_layout_program() else { return };
    let headers: Facts = printed.lines().filter_map(split_fact).collect();
    assert!(headers.len() > 500, "the program printed {} facts only:\n{printed}", headers.len());
    let mut ours = Facts::new();
    structures(&mut ours);
    interfaces(&mut ours);

    let mut wrong = Vec::new();
    for name in NEWER {
        if headers.contains_key(*name) {
            wrong.push(format!("{name}: no longer missing in the headers; take it off the list"));
        }
        if ours.remove(*name).is_none() {
            wrong.push(format!("{name}: listed as newer, but not declared"));
        }
    }
    for (name, value) in &headers {
        match ours.get(name) {
            None => wrong.push(format!("{name}: in the headers ({value}), not declared here")),
            Some(own) if own != value => wrong.push(format!("{name}: {value} in the headers, {own} here")),
            Some(_) => {}
        }
    }
    for name in ours.keys().filter(|name| !headers.contains_key(*name)) {
        wrong.push(format!("{name}: declared here, not in the headers"));
    }
    assert!(wrong.is_empty(), "{} differences from the headers:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the crate asserts of itself as it is compiled, for targets of 32 bits and of 64, a C compiler asserts of the headers.
#[test]
fn what_is_asserted_is_so_in_the_headers() {
    let rows = asserted();
    let listed: BTreeSet<String> = rows.iter().map(|(name, _)| name.clone()).collect();
    let mut ours = Facts::new();
    structures(&mut ours);
    let missing: Vec<_> =
        ours.keys().filter(|name| !NEWER.contains(&name.as_str()) && !listed.contains(*name)).collect();
    assert!(missing.is_empty(), "src/layout.rs asserts nothing of {missing:?}");
    for (index, compiler) in ["i686-w64-mingw32-gcc", "x86_64-w64-mingw32-gcc"].into_iter().enumerate() {
        let mut program =
            include_str!("layout/layout.c").split("#define STRUCT").next().unwrap_or("").to_owned();
        for (name, numbers) in &rows {
            let said = numbers[index]
                .iter()
                .map(|(what, number)| format!("_Static_assert({what} == {number}, \"{name}\");\n"));
            program.extend(said);
        }
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("asserted-{index}.c"));
        std::fs::write(&file, program).expect("written");
        match Command::new(compiler).args(["-std=c11", "-fsyntax-only"]).arg(&file).output() {
            Ok(output) => {
                assert!(output.status.success(), "{compiler}: {}", String::from_utf8_lossy(&output.stderr));
            }
            Err(error) => drop(leave_out(&format!("`{compiler}` cannot be started: {error}"))),
        }
    }
}

/// What C says of a structure or a field - an expression and its value - for 32 bits and for 64.
type Asserted = (String, [Vec<(String, usize)>; 2]);

/// The rows of `src/layout.rs`.
fn asserted() -> Vec<Asserted> {
    let source = include_str!("../src/layout.rs");
    let table = source.split("\nlayout! {").nth(1).expect("the table is there");
    let words =
        |text: &str| -> Vec<usize> { text.split_whitespace().filter_map(|word| word.parse().ok()).collect() };
    let mut rows = Vec::new();
    for row in table.split('}').filter(|row| row.contains('[')) {
        let (head, fields) = row.split_once('{').expect("a row has fields");
        let (name, numbers) = head.split_once(':').expect("a row has a name");
        let name = name.trim();
        let numbers = words(&numbers.replace(['[', ']'], " "));
        let of = |at: usize| {
            vec![(format!("sizeof({name})"), numbers[at]), (format!("_Alignof({name})"), numbers[at + 1])]
        };
        rows.push((format!("struct {name}"), [of(0), of(2)]));
        for field in fields.split(',').filter(|field| !field.trim().is_empty()) {
            let (path, offsets) = field.split_once(':').expect("a field has offsets");
            let path = path.trim().replace("r#", "");
            let offsets = words(offsets);
            let of = |at: usize| vec![(format!("offsetof({name}, {path})"), offsets[at])];
            rows.push((format!("field {name}.{path}"), [of(0), of(1)]));
        }
    }
    rows
}

/// What is known, by what it is about: `struct SRow` has `size 16 align 8`.
type Facts = BTreeMap<String, String>;

/// Splits a line of the program after its second word.
fn split_fact(line: &str) -> Option<(String, String)> {
    let mut words = line.trim_end().splitn(3, ' ');
    let (kind, name, value) = (words.next()?, words.next()?, words.next()?);
    Some((format!("{kind} {name}"), value.to_owned()))
}

/// What the C program prints; nothing where this machine cannot compile or run it, which fails in CI.
fn run_layout_program() -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/layout/build");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layout.exe");
    let built = match Command::new("bash").arg(&script).arg(&program).output() {
        Ok(built) => built,
        Err(error) => return leave_out(&format!("`bash` cannot be started: {error}")),
    };
    let complaint = String::from_utf8_lossy(&built.stderr);
    // 3 is the script's own status for a missing compiler or missing headers; any other is a failure.
    if built.status.code() == Some(3) {
        return leave_out(complaint.trim());
    }
    assert!(built.status.success(), "layout.c does not compile:\n{complaint}");

    let mut command = if cfg!(windows) { Command::new(&program) } else { Command::new("wine") };
    if !cfg!(windows) {
        command.arg(&program).env("WINEDEBUG", "-all");
    }
    match command.output() {
        Ok(run) => {
            assert!(run.status.success(), "layout.exe failed:\n{}", String::from_utf8_lossy(&run.stderr));
            Some(String::from_utf8(run.stdout).expect("the program prints ASCII"))
        }
        Err(error) => leave_out(&format!("`wine` cannot be started: {error}")),
    }
}

/// Says, past libtest's capture, why nothing was compared.
fn leave_out(reason: &str) -> Option<String> {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "nothing compared with the headers: {reason}");
    // A reader who closed the pipe does not need the notice.
    let _ = writeln!(std::io::stderr(), "layout: left out, nothing compared with the headers: {reason}");
    None
}

/// The size of what `_project` points to; the pointer is never made.
fn size_behind<S, F>(_project: impl Fn(&S) -> *const F) -> usize {
    size_of::<F>()
}

macro_rules! layout {
    (@type $facts:ident $name:ident) => {
        $facts.insert(
            format!("struct {}", stringify!($name)),
            format!("size {} align {}", size_of::<$name>(), align_of::<$name>()),
        );
    };
    (@field $facts:ident $name:ident $($path:ident).+) => {
        $facts.insert(
            format!("field {}.{}", stringify!($name), [$(stringify!($path).trim_start_matches("r#")),+].join(".")),
            format!(
                "offset {} size {}",
                offset_of!($name, $($path).+),
                size_behind(|it: &$name| &raw const it.$($path).+),
            ),
        );
    };
    // The pattern names every field, so that a field that is not compared does not compile.
    ($facts:ident struct $name:ident { $($field:ident),* } $($rest:tt)*) => {
        let _ = |$name { $($field: _),* }: $name| ();
        layout!(@type $facts $name);
        $(layout!(@field $facts $name $field);)*
        layout!($facts $($rest)*);
    };
    ($facts:ident union $name:ident { $($field:ident),* } $($rest:tt)*) => {
        layout!(@type $facts $name);
        $(layout!(@field $facts $name $field);)*
        layout!($facts $($rest)*);
    };
    ($facts:ident within $name:ident.$outer:ident { $($inner:ident),* } $($rest:tt)*) => {
        $(layout!(@field $facts $name $outer.$inner);)*
        layout!($facts $($rest)*);
    };
    ($facts:ident) => {};
}

fn structures(facts: &mut Facts) {
    layout! { facts
        struct FILETIME { dwLowDateTime, dwHighDateTime }
        struct ENTRYID { abFlags, ab }
        struct MAPIUID { ab }
        struct SBinary { cb, lpb }
        struct SShortArray { cValues, lpi }
        struct SLongArray { cValues, lpl }
        struct SRealArray { cValues, lpflt }
        struct SDoubleArray { cValues, lpdbl }
        struct SCurrencyArray { cValues, lpcur }
        struct SAppTimeArray { cValues, lpat }
        struct SDateTimeArray { cValues, lpft }
        struct SBinaryArray { cValues, lpbin }
        struct SLPSTRArray { cValues, lppszA }
        struct SWStringArray { cValues, lppszW }
        struct SGuidArray { cValues, lpguid }
        struct SLargeIntegerArray { cValues, lpli }
        union __UPV {
            i, l, ul, lpv, flt, dbl, b, cur, at, ft, lpszA, bin, lpszW, lpguid, li, MVi, MVl, MVflt, MVdbl, MVcur, MVat,
            MVft, MVbin, MVszA, MVszW, MVguid, MVli, err, x
        }
        struct SPropValue { ulPropTag, dwAlignPad, Value }
        struct SPropTagArray { cValues, aulPropTag }
        struct SPropProblem { ulIndex, ulPropTag, scode }
        struct SPropProblemArray { cProblem, aProblem }
        struct MAPINAMEID { lpguid, ulKind, Kind }
        within MAPINAMEID.Kind { lID_Reserved, lID, lpwstrName }
        struct FLATENTRY { cb, abEntry }
        struct FLATENTRYLIST { cEntries, cbEntries, abEntries }
        struct ADRENTRY { ulReserved1, cValues, rgPropVals }
        struct ADRLIST { cEntries, aEntries }
        struct SRow { ulAdrEntryPad, cValues, lpProps }
        struct SRowSet { cRows, aRow }
        struct SSortOrder { ulPropTag, ulOrder }
        struct SSortOrderSet { cSorts, cCategories, cExpanded, aSort }
        struct MAPIERROR { ulVersion, lpszError, lpszComponent, ulLowLevelError, ulContext }
        struct SAndRestriction { cRes, lpRes }
        struct SOrRestriction { cRes, lpRes }
        struct SNotRestriction { ulReserved, lpRes }
        struct SContentRestriction { ulFuzzyLevel, ulPropTag, lpProp }
        struct SBitMaskRestriction { relBMR, ulPropTag, ulMask }
        struct SPropertyRestriction { relop, ulPropTag, lpProp }
        struct SComparePropsRestriction { relop, ulPropTag1, ulPropTag2 }
        struct SSizeRestriction { relop, ulPropTag, cb }
        struct SExistRestriction { ulReserved1, ulPropTag, ulReserved2 }
        struct SSubRestriction { ulSubObject, lpRes }
        struct SCommentRestriction { cValues, lpRes, lpProp }
        struct SRestriction { rt, res }
        within SRestriction.res {
            resCompareProps, resAnd, resOr, resNot, resContent, resProperty, resBitMask, resSize, resExist, resSub,
            resComment, resAnnotation, resCount
        }
        struct ERROR_NOTIFICATION { cbEntryID, lpEntryID, scode, ulFlags, lpMAPIError }
        struct NEWMAIL_NOTIFICATION {
            cbEntryID, lpEntryID, cbParentID, lpParentID, ulFlags, lpszMessageClass, ulMessageFlags
        }
        struct OBJECT_NOTIFICATION {
            cbEntryID, lpEntryID, ulObjType, cbParentID, lpParentID, cbOldID, lpOldID, cbOldParentID, lpOldParentID,
            lpPropTagArray
        }
        struct TABLE_NOTIFICATION { ulTableEvent, hResult, propIndex, propPrior, row, ulPad }
        struct EXTENDED_NOTIFICATION { ulEvent, cb, pbEventParameters }
        struct STATUS_OBJECT_NOTIFICATION { cbEntryID, lpEntryID, cValues, lpPropVals }
        struct NOTIFICATION { ulEventType, ulAlignPad, info }
        within NOTIFICATION.info { err, newmail, obj, tab, ext, statobj }
        struct NOTIFKEY { cb, ab }
        struct OPTIONDATA {
            ulFlags, lpRecipGUID, lpszAdrType, lpszDLLName, ulOrdinal, cbOptionsData, lpbOptionsData, cOptionsProps,
            lpOptionsProps
        }
        struct STATSTG {
            pwcsName, r#type, cbSize, mtime, ctime, atime, grfMode, grfLocksSupported, clsid, grfStateBits, reserved
        }
    }
}

/// The slots of the COM interfaces themselves, and of their description.
fn interfaces(facts: &mut Facts) {
    let pointer = size_of::<*const ()>();
    slot(facts, "IUnknown", "QueryInterface", offset_of!(IUnknown_Vtbl, QueryInterface) / pointer);
    slot(facts, "IUnknown", "AddRef", offset_of!(IUnknown_Vtbl, AddRef) / pointer);
    slot(facts, "IUnknown", "Release", offset_of!(IUnknown_Vtbl, Release) / pointer);
    facts.insert("slots IUnknown".to_owned(), (size_of::<IUnknown_Vtbl>() / pointer).to_string());
    facts.insert("iid IUnknown".to_owned(), format!("{:?}", IUnknown::IID).to_lowercase());

    macro_rules! own_slots {
        ($(
            $(#[doc = $idoc:literal])*
            interface $interface:ident: $base:ident = $iid:literal {
                $(
                    $(#[doc = $doc:literal])*
                    #[page = $page:literal]
                    fn $method:ident($($params:tt)*) -> $ret:ty;
                )*
            }
        )*) => { $({
            use mapi_spi::interfaces::$interface;
            type Vtbl = <$interface as windows_core::Interface>::Vtable;
            let name = stringify!($interface);
            // What the base has, this has in the same slots.
            let inherited: Vec<(String, String)> = facts
                .iter()
                .filter_map(|(fact, value)| {
                    let method = fact.strip_prefix(concat!("slot ", stringify!($base), "."))?;
                    Some((format!("slot {name}.{method}"), value.clone()))
                })
                .collect();
            facts.extend(inherited);
            $(slot(facts, name, stringify!($method), offset_of!(Vtbl, $method) / pointer);)*
            facts.insert(format!("slots {name}"), (size_of::<Vtbl>() / pointer).to_string());
            facts.insert(format!("iid {name}"), format!("{:?}", $interface::IID).to_lowercase());
        })* };
    }
    mapi_spi::for_each_interface!(own_slots);
    described(facts);
}

fn slot(facts: &mut Facts, interface: &str, method: &str, slot: usize) {
    facts.insert(format!("slot {interface}.{method}"), slot.to_string());
}

/// The description, which the recorder follows, says the same as the vtables.
fn described(facts: &Facts) {
    for interface in mapi_spi::meta::INTERFACES {
        for (slot, method) in interface.all_methods() {
            let fact = format!("slot {}.{}", interface.name, method.name);
            assert_eq!(facts.get(&fact), Some(&slot.to_string()), "{fact} is described otherwise");
        }
        assert_eq!(
            facts[&format!("slots {}", interface.name)],
            (3 + interface.all_methods().len()).to_string(),
            "the number of slots of {} is described otherwise",
            interface.name
        );
    }
}
