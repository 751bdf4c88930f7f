//! What the README tells people to type, and the files that it names, are there.

use super::{assert_none, files};

/// The lines of the README's fenced blocks for a shell.
fn commands(readme: &str) -> Vec<&str> {
    let mut inside = false;
    let mut commands = Vec::new();
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            commands.push(line.split('#').next().unwrap_or(line).trim());
        }
    }
    commands
}

fn read(path: &str) -> String {
    std::fs::read_to_string(files::root().join(path)).unwrap()
}

#[test]
fn the_targets_that_the_readme_makes_are_in_the_makefile() {
    let (readme, makefile) = (read("README.md"), read("Makefile"));
    let targets = commands(&readme)
        .into_iter()
        .filter_map(|line| line.trim_start_matches("sudo ").strip_prefix("make "))
        .flat_map(|words| words.split(' ').filter(|word| !word.contains('=')))
        .collect::<Vec<_>>();
    assert!(targets.contains(&"test"), "the README does not tell how to test");
    let missing = targets
        .iter()
        .filter(|target| !makefile.lines().any(|line| line.starts_with(&format!("{target}:"))));
    assert_none(missing.map(|target| format!("README.md: make {target}")).collect());
}

#[test]
fn the_options_that_the_readme_uses_are_in_the_manual() {
    let readme = read("README.md");
    let mut findings = Vec::new();
    let mut checked = 0;
    for line in commands(&readme) {
        for (program, page) in [
            ("chatsrv", "man/chatsrv.8"),
            ("chatclient", "man/chatclient.1"),
            ("loadtest", "man/loadtest.1"),
        ] {
            let Some(words) = line.strip_prefix(program) else { continue };
            let manual = read(page);
            for option in words.split([' ', '=']).filter_map(|word| word.strip_prefix("--")) {
                checked += 1;
                if !manual.contains(&format!("Fl -{option}")) {
                    findings.push(format!("README.md: {program} --{option}"));
                }
            }
        }
    }
    assert_none(findings);
    assert!(checked > 0, "the README uses no option");
}

#[test]
fn the_files_that_the_readme_names_are_there() {
    let readme = read("README.md");
    let named = readme.split('`').skip(1).step_by(2).filter(|word| {
        let is_path = word.contains('/') && !word.contains(' ') && !word.starts_with(['/', '~']);
        is_path && !word.contains('\n')
    });
    let linked = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let linked = linked.filter(|link| !link.contains("://"));
    let paths: Vec<&str> = named.chain(linked).collect();
    assert!(paths.len() > 5, "the README names hardly a file");
    let missing = paths.iter().filter(|path| !files::root().join(path).exists());
    assert_none(missing.map(|path| format!("README.md: {path}")).collect());
}
