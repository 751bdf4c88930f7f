//! The manual pages and the programs tell the same.

mod options;

use std::collections::BTreeSet;
use std::path::Path;

use chatsrv::chat::close::CloseReason;
use chatsrv::protocol::native::closing::ClosingReason;
use chatsrv::protocol::native::verb::Verb;

#[test]
fn the_server_has_the_options_of_its_page() {
    options::assert_same(env!("CARGO_BIN_EXE_chatsrv"), "man/chatsrv.8");
}

#[test]
fn the_client_has_the_options_of_its_page() {
    options::assert_same(env!("CARGO_BIN_EXE_chatclient"), "man/chatclient.1");
}

#[test]
fn the_protocol_page_has_every_verb_with_its_words_and_no_other() {
    let page = read("man/chatsrv-protocol.7");
    let items = page.lines().filter_map(|line| line.strip_prefix(".It Ic "));
    let told: BTreeSet<String> = items.map(plain).collect();
    let known = Verb::ALL.iter().map(|verb| format!("{verb} {}", verb.words()));
    let known: BTreeSet<String> = known.map(|synopsis| synopsis.trim().to_owned()).collect();
    assert_eq!(told, known, "left: the page, right: the verbs");
}

#[test]
fn the_server_page_explains_every_reason_for_which_a_connection_ends() {
    let known: BTreeSet<&str> = CloseReason::ALL.iter().map(|reason| reason.name()).collect();
    let is_word = |text: &&str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let page = read("man/chatsrv.8");
    let told: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix(".It Li ")).filter(is_word).collect();
    assert_eq!(told, known, "left: the page, right: the reasons");
}

#[test]
fn the_protocol_page_has_every_text_with_which_the_server_closes() {
    let page = read("man/chatsrv-protocol.7");
    let rows = page.lines().filter_map(|line| line.strip_prefix(".It Li \"")?.split_once("\" Ta "));
    let told: Vec<(&str, &str)> = rows.collect();
    let known = ClosingReason::ALL.iter().map(|reason| {
        let comes_back = if reason.may_return() { "yes" } else { "no" };
        (reason.text(), comes_back)
    });
    assert_eq!(told, known.collect::<Vec<_>>(), "left: the page, right: the reasons");
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// What a line of mdoc(7) looks like: `USER Ar name Op Cm TAKEOVER` is `USER name [TAKEOVER]`.
fn plain(mdoc: &str) -> String {
    let (always, optional) = mdoc.split_once(" Op ").unwrap_or((mdoc, ""));
    let words = |part: &str| {
        let words: Vec<&str> = part.split(' ').filter(|word| !is_macro(word)).collect();
        words.join(" ").replace(" Ns | Ns ", "|").replace("Oo ", "[").replace(" Oc", "]")
    };
    match optional {
        "" => words(always),
        optional => format!("{} [{}]", words(always), words(optional)),
    }
}

fn is_macro(word: &str) -> bool {
    matches!(word, "Ar" | "Cm" | "Ic")
}

#[test]
fn mdoc_is_read_as_it_is_shown() {
    assert_eq!(plain("USER Ar name Op Cm TAKEOVER"), "USER name [TAKEOVER]");
    assert_eq!(plain("QUIET Cm on Ns | Ns Cm off"), "QUIET on|off");
    assert_eq!(plain("GET Ar offset name"), "GET offset name");
    assert_eq!(plain("MAKE Oo Ar #name Oc Ar user..."), "MAKE [#name] user...");
    assert_eq!(plain("EX"), "EX");
}
