//! The files of the project.

use std::path::{Path, PathBuf};

/// One text file.
pub struct File {
    /// Its path below the project's folder.
    pub path: String,
    /// What it holds.
    pub text: String,
}

impl File {
    /// Its lines, numbered from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Its lines of code that are no test, numbered from 1. By convention the tests of a module
    /// stand at its end, or in a file of their own.
    pub fn program_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        // An item of its own that only tests need may stand anywhere.
        let tests =
            self.lines().zip(self.text.lines().skip(1)).find_map(|((number, line), next)| {
                (line == "#[cfg(test)]" && next.contains("mod tests")).then_some(number)
            });
        let end = if self.is_test() { 0 } else { tests.unwrap_or(usize::MAX) };
        self.lines()
            .take_while(move |(number, _)| *number < end)
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Whether it holds nothing but tests.
    pub fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What holds files that people did not write.
const NOT_WRITTEN: [&str; 6] =
    ["target", ".git", "Cargo.lock", "corpus", "regressions", "proptest-regressions"];

/// Every file that people write, in the order of their paths. What is not text is left out.
pub fn all() -> Vec<File> {
    let mut paths = Vec::new();
    collect(root(), &mut paths);
    paths.sort();
    let files = paths.into_iter().filter_map(|path| {
        // A link, or what another process has just taken away, is no file of the project.
        let text = String::from_utf8(std::fs::read(&path).ok()?).ok()?;
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        Some(File { path, text })
    });
    files.collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if NOT_WRITTEN.iter().any(|not| name == *not) {
            continue;
        }
        match entry.file_type().unwrap().is_dir() {
            true => collect(&entry.path(), paths),
            false => paths.push(entry.path()),
        }
    }
}
