//! What is probably wrong, in words that help: the mistakes that vendors make again and again.

use super::Finding;
use crate::candidate::{Format, Library};

/// What can be said about a library that is to export this entry point.
#[must_use]
pub fn advice(finding: &Finding, entry: &str) -> Vec<String> {
    let mut said = Vec::new();
    said.extend(machine(finding));
    said.extend(export(finding, entry));
    let missing: Vec<&str> = finding.missing().collect();
    if !missing.is_empty() {
        let how = match finding.library.format {
            Format::Pe => "put it beside the library, or into the directory of the program that loads it",
            Format::Elf | Format::MachO => {
                "install it, or link with a run path (`-Wl,-rpath,'$ORIGIN'`) and put it beside the library"
            }
        };
        said.push(format!("it needs {}, which is not here: {how}", missing.join(", ")));
    }
    let there = finding.imports.iter().filter(|one| finding.missing().all(|missing| missing != one.library));
    let lost: Vec<&str> = there.flat_map(|one| &one.nobody).map(String::as_str).collect();
    if let Some((first, more)) = lost.split_first() {
        let more = if more.is_empty() { String::new() } else { format!(" (and {} more)", more.len()) };
        said.push(format!(
            "it imports `{first}`{more}, which no library here has: it was built against another version of that library, or one is \
             missing from its link line"
        ));
    }
    said
}

fn machine(finding: &Finding) -> Option<String> {
    let Library { format, machine } = finding.library;
    let native = Library::native();
    match (format, machine) {
        (Format::Pe, "x86") => Some(
            "it is a 32-bit library: only 32-bit Outlook loads it, and here a mock-spooler.exe for i686-pc-windows-gnu does"
                .to_owned(),
        ),
        (Format::Pe, "x86_64") => None,
        (Format::Pe, other) => Some(format!("it is for {other}: build it for x86_64 or x86 to run it under Wine")),
        (format, machine) if format == native.format && machine != native.machine => {
            Some(format!("it is for {machine}, this machine is {}: build it for that target", native.machine))
        }
        (format, _) if format != native.format => {
            Some(format!("it is {format}, and this system loads {} and, with Wine, PE", native.format))
        }
        (_, _) => None,
    }
}

fn export(finding: &Finding, entry: &str) -> Option<String> {
    let contents = &finding.contents;
    if contents.exports(entry) {
        return None;
    }
    if let Some(decorated) = contents.exports.iter().find(|export| is_decorated(export, entry)) {
        let how = match finding.library.format {
            Format::Pe => "name it in the module definition file (`EXPORTS` and a line with the bare name)",
            Format::Elf | Format::MachO => "declare it `extern \"C\"`",
        };
        return Some(format!(
            "it exports `{decorated}`, a decorated name, and MAPI asks for `{entry}`: {how}"
        ));
    }
    if let Some(other) = contents.exports.iter().find(|export| export.eq_ignore_ascii_case(entry)) {
        return Some(format!("it exports `{other}`: names are matched exactly, as `{entry}`"));
    }
    let others = [
        ("XPProviderInit", "a transport provider"),
        (
            "MSProviderInit",
            "a message store provider: name it as `store-library`, beside the transport's `library`",
        ),
        ("ABProviderInit", "an address book provider, which is not judged here"),
    ];
    if let Some((name, what)) = others.iter().find(|(name, _)| contents.exports(name)) {
        return Some(format!("it exports no `{entry}`, but `{name}`: it is {what}"));
    }
    if contents.exports.is_empty() {
        let how = match finding.library.format {
            Format::Pe => "`__declspec(dllexport)` or a module definition file exports",
            Format::Elf | Format::MachO => "default visibility (and no version script that hides it) exports",
        };
        return Some(format!("it exports nothing at all: {how} `{entry}`"));
    }
    Some(format!("it does not export `{entry}`: is this the right file?"))
}

/// `_XPProviderInit@40`, `XPProviderInit@40`, `?XPProviderInit@@YAJ...`, `_Z14XPProviderInit...`.
fn is_decorated(export: &str, entry: &str) -> bool {
    export != entry
        && export.contains(entry)
        && (export.starts_with(['_', '?', '@']) || export[entry.len().min(export.len())..].starts_with('@'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::Contents;

    fn with(format: Format, machine: &'static str, exports: &[&str]) -> String {
        let contents = Contents {
            bits: 64,
            exports: exports.iter().map(|name| (*name).to_owned()).collect(),
            ..Contents::default()
        };
        let library = Library { format, machine };
        let finding = Finding { path: "x".into(), library, contents, imports: Vec::new() };
        advice(&finding, "XPProviderInit").join("\n")
    }

    #[test]
    fn common_mistakes_are_named() {
        let pe = |exports: &[&str]| with(Format::Pe, "x86_64", exports);
        assert_eq!(pe(&["DllMain", "XPProviderInit"]), "");
        for decorated in
            ["_XPProviderInit@40", "XPProviderInit@40", "?XPProviderInit@@YAJPEAX@Z", "_XPProviderInit"]
        {
            assert!(pe(&[decorated]).contains("a decorated name"), "{decorated}");
        }
        assert!(
            with(Format::Elf, Library::native().machine, &["_Z14XPProviderInitv"]).contains("extern \"C\"")
        );
        assert!(pe(&["xpproviderinit"]).contains("matched exactly"));
        assert!(pe(&["MSProviderInit"]).contains("`store-library`"));
        assert!(pe(&["ABProviderInit"]).contains("address book"));
        assert!(pe(&[]).contains("exports nothing at all"));
        assert!(pe(&["DllMain"]).contains("is this the right file?"));
        assert!(with(Format::Pe, "x86", &["XPProviderInit"]).contains("32-bit"));
        assert!(with(Format::Pe, "aarch64", &["XPProviderInit"]).contains("build it for x86_64"));
        assert!(
            with(Format::MachO, "x86_64", &["XPProviderInit"]).contains("Mach-O")
                || cfg!(target_vendor = "apple")
        );
    }
}
