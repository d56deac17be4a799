//! Files that people write, and mistakes in them: every complaint shows the file, the line, and what was probably meant.

use std::fmt;
use std::path::{Path, PathBuf};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, NamedSource, SourceSpan};
use serde::de::DeserializeOwned;

use crate::words::did_you_mean;

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// Where in the file, where the mistake has a place; lines and columns count from 1.
    pub place: Option<Box<Spot>>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The text of the whole file.
    source: String,
    /// The offset in bytes.
    offset: usize,
}

impl FileError {
    /// A mistake of the file as a whole.
    pub(crate) fn whole(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), place: None, message: message.into(), help: None }
    }

    /// A mistake at a byte offset of the file's text.
    pub(crate) fn at(path: &Path, source: &str, offset: usize, message: impl Into<String>) -> Self {
        let place = Some(Box::new(Spot::new(source, offset)));
        Self { path: path.to_owned(), place, message: message.into(), help: None }
    }

    /// With a word of help, where there is one.
    pub(crate) fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// The complaint with the lines around the mistake, as a terminal shows it.
    #[must_use]
    pub fn report(&self, colour: bool) -> String {
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let shown = Shown::from(self);
        let mut text = String::new();
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_wrap_lines(false)
            .with_context_lines(2);
        match handler.render_report(&mut text, &shown) {
            Ok(()) => text,
            Err(fmt::Error) => format!("{self}\n"),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(place) = &self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

impl std::error::Error for FileError {}

impl Spot {
    fn new(source: &str, offset: usize) -> Self {
        let mut offset = offset.min(source.len());
        while !source.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &source[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, source: source.to_owned(), offset }
    }

    /// From the place to the end of its word or line.
    fn span(&self) -> SourceSpan {
        let rest = &self.source[self.offset..];
        let line = rest.lines().next().unwrap_or_default();
        let word = line.find([':', ',', '}', ']']).unwrap_or(line.len());
        SourceSpan::from((self.offset, word.max(usize::from(!line.is_empty()))))
    }
}

/// The complaint in the shape that the renderer takes.
#[derive(Debug)]
struct Shown {
    message: String,
    help: Option<String>,
    source: Option<(NamedSource<String>, SourceSpan)>,
}

impl From<&FileError> for Shown {
    fn from(error: &FileError) -> Self {
        let name = error.path.display().to_string();
        let (message, source) = match &error.place {
            Some(place) => {
                (error.message.clone(), Some((NamedSource::new(name, place.source.clone()), place.span())))
            }
            None => (format!("{name}: {}", error.message), None),
        };
        Self { message, help: error.help.clone(), source }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|(source, _)| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        let (_, span) = self.source.as_ref()?;
        Some(Box::new(std::iter::once(miette::LabeledSpan::new_primary_with_span(
            Some("here".to_owned()),
            *span,
        ))))
    }
}

/// Reads a file as text.
pub(crate) fn read(path: &Path) -> Result<String, FileError> {
    let bytes =
        std::fs::read(path).map_err(|error| FileError::whole(path, format!("cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|_| FileError::whole(path, "is not UTF-8 text"))
}

/// Reads a YAML document, with the place of the mistake where it is none.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, source: &str) -> Result<T, FileError> {
    serde_yaml::from_str(source).map_err(|error| {
        let text = error.to_string();
        let message = text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]).to_owned();
        let help = helpful(&message);
        match error.location() {
            Some(location) => {
                let offset = repeated_key(&message, source, &location).unwrap_or(location.index());
                FileError::at(path, source, offset, message).help(help)
            }
            None => FileError::whole(path, message).help(help),
        }
    })
}

/// The offset of a word of the file behind an offset, for complaints about values that parsed well.
pub(crate) fn find_after(source: &str, from: usize, word: &str) -> usize {
    let from = from.min(source.len());
    source.get(from..).and_then(|rest| rest.find(word)).map_or(from, |at| from + at)
}

/// A word of help. serde's complaint about a name that it does not know lists those that it knows, each in backticks.
fn helpful(message: &str) -> Option<String> {
    if message.contains("mapping values are not allowed") {
        return Some("a text with `: ` in it must stand in quotes".to_owned());
    }
    let start = message.find("unknown field").or_else(|| message.find("unknown variant"))?;
    let mut quoted = message[start..].split('`').skip(1).step_by(2);
    let wrong = quoted.next()?;
    did_you_mean(wrong, quoted).map(|near| format!("did you mean `{near}`?"))
}

/// serde places a repeated key at the start of its mapping; the repetition is further down, in the same column.
fn repeated_key(message: &str, source: &str, location: &serde_yaml::Location) -> Option<usize> {
    let key = message.split_once("duplicate field `")?.1.split('`').next()?;
    let indent = location.column() - 1;
    let mut offset = 0;
    let mut seen = 0;
    for (number, line) in source.split_inclusive('\n').enumerate() {
        if number + 1 >= location.line()
            && line
                .get(indent..)
                .is_some_and(|rest| rest.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
        {
            seen += 1;
            if seen == 2 {
                return Some(offset + indent);
            }
        }
        offset += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parsing is looked at")]
    struct Sample {
        title: String,
        times: u32,
    }

    fn wrong(source: &str) -> FileError {
        parse::<Sample>(Path::new("sample.yaml"), source).expect_err("the sample has a mistake")
    }

    #[test]
    fn unknown_key_has_a_place_and_a_suggestion() {
        let error = wrong("title: a\ntimse: 3\n");
        let place = error.place.as_ref().expect("a place");
        assert_eq!((place.line, place.column), (2, 1));
        assert_eq!(error.help.as_deref(), Some("did you mean `times`?"));
        let report = error.report(false);
        assert!(report.contains("timse: 3"), "{report}");
        assert!(!report.contains('\u{1b}'), "{report}");
    }

    #[test]
    fn repeated_key_is_shown_where_it_is_repeated() {
        let error = wrong("title: a\ntimes: 3\ntitle: b\n");
        assert_eq!(error.place.expect("a place").line, 3);
    }

    #[test]
    fn wrong_type_is_shown_in_its_line() {
        let error = wrong("title: a\ntimes: many\n");
        assert_eq!(error.place.expect("a place").line, 2);
        assert!(error.message.contains("invalid type"), "{}", error.message);
    }
}
