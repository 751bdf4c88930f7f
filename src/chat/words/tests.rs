//! What texts are turned into, and that the parts of a text find it.

use proptest::prelude::*;

use super::*;

/// The terms of a text, parted.
fn terms(text: &str) -> Vec<String> {
    Terms::of(text).text.split_terminator(' ').map(str::to_owned).collect()
}

/// Whether a text is found by the terms of `part`, which stand in a row.
fn finds(part: &str, text: &str) -> bool {
    let (part, text) = (terms(part), terms(text));
    !part.is_empty() && text.windows(part.len()).any(|row| row == part)
}

#[test]
fn words_are_runs_of_letters_marks_and_digits() {
    for (text, expected) in [
        ("", &[][..]),
        (" !? --- ", &[]),
        ("The quick_brown fox, 42!", &["the", "quick", "brown", "fox", "42"]),
        ("don't", &["don", "t"]),
        ("«Zoë» saß—3½", &["zoë", "sass", "3½"]),
        ("हिन्दी भाषा", &["हिन्दी", "भाषा"]),
        ("한국어를 봅니다", &["한국어를", "봅니다"]),
        ("می\u{200c}خواهم", &["می", "خواهم"]),
        ("ශ්\u{200d}රී", &["ශ්රී"]),
        ("co\u{ad}operation é", &["cooperation", "é"]),
        ("→ € ∑ \u{e000}", &[]),
        ("report-Q3.pdf", &["report", "q3", "pdf"]),
    ] {
        assert_eq!(terms(text), expected, "{text:?}");
    }
}

#[test]
fn case_is_folded_and_diacritics_are_kept() {
    for (one, other) in [
        ("ZOË", "zoë"),
        ("Zoe\u{308}", "zoë"),
        ("STRASSE", "Straße"),
        ("ẞ", "ß"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
        ("ΐ", "\u{3ca}\u{301}"),
        ("İSTANBUL", "istanbul"),
        ("ISPARTA", "ısparta"),
        ("ПРИВЕТ", "привет"),
        ("ＡＢＣ１２", "abc12"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("\u{1112}\u{1161}\u{11ab}", "한"),
    ] {
        assert_eq!(terms(one), terms(other), "{one} {other}");
    }
    assert_ne!(terms("zoë"), terms("zoe"));
    assert_ne!(terms("か"), terms("が"));
}

#[test]
fn scripts_without_spaces_have_pairs() {
    for (text, expected) in [
        ("上海大学", &["上海", "海大", "大学"][..]),
        ("我 爱上", &["我", "爱上"]),
        ("2024年です、ラーメン", &["2024", "年で", "です", "ラー", "ーメ", "メン"]),
        ("ดีไหม", &["ดี", "ีไ", "ไห", "หม"]),
        ("ABC株式", &["abc", "株式"]),
        ("人々〇", &["人々", "々〇"]),
        ("葛\u{e0100}城", &["葛城"]),
        ("ᄀ ꆈꌠ ㄅㄆ བོད་", &["ᄀ", "ꆈꌠ", "ㄅㄆ", "བོ", "ོད"]),
    ] {
        assert_eq!(terms(text), expected, "{text:?}");
    }
    assert_eq!(Terms::of("上海大学 2024年").words, 3);
}

#[test]
fn an_emoji_is_one_term_without_skin_tone_and_selector() {
    for (text, expected) in [
        ("👍", &["👍"][..]),
        ("ok👍🏽👍!", &["ok", "👍", "👍"]),
        ("❤️ ❤ ❤\u{fe0e}", &["❤", "❤", "❤"]),
        ("👩🏽\u{200d}💻", &["👩\u{200d}💻"]),
        ("👨\u{200d}👩\u{200d}👧x", &["👨\u{200d}👩\u{200d}👧", "x"]),
        ("🏳️\u{200d}🌈", &["🏳\u{200d}🌈"]),
        ("1️⃣2\u{20e3}#️⃣*️⃣", &["1\u{20e3}", "2\u{20e3}", "#\u{20e3}", "*\u{20e3}"]),
        ("🇩🇪🇫🇷", &["🇩🇪", "🇫🇷"]),
        (
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            &["🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"],
        ),
        ("上海👍北京", &["上海", "👍", "北京"]),
        ("🏽", &["🏽"]),
        ("👍\u{200d}", &["👍"]),
        ("# * 1", &["1"]),
        ("foo™ ℹ️", &["foo", "™", "ℹ"]),
    ] {
        assert_eq!(terms(text), expected, "{text:?}");
    }
}

/// Characters of all kinds, many of which combine with each other.
fn any_text() -> impl Strategy<Value = String> {
    let special = "aZ1#* ß\u{301}\u{308}\u{345}上海がー々〇ดีไཀོက္ꆈ한\u{1112}\u{1161}ｶﾞＡ👍🏽🇩🇪❤👩💻\
                   \u{fe0f}\u{200c}\u{200d}\u{20e3}\u{ad}\u{e0100}\u{e0067}İς.、";
    let special: Vec<char> = special.chars().collect();
    let c = prop_oneof![3 => proptest::sample::select(special), 1 => any::<char>()];
    proptest::collection::vec(c, 0..40).prop_map(String::from_iter)
}

/// Characters of one run of a script without spaces.
fn unspaced() -> impl Strategy<Value = Vec<char>> {
    let c = prop_oneof![
        proptest::char::range('\u{4e00}', '\u{9fff}'),
        proptest::char::range('\u{3041}', '\u{3096}'),
        proptest::sample::select(
            "カー々〇กีไ่ກຽកា្ကေཀོꆈㄅ\u{301}\u{3099}".chars().collect::<Vec<_>>()
        ),
    ];
    // A mark belongs to what is before it, so the first one is a letter.
    let first = proptest::char::range('\u{4e00}', '\u{9fff}');
    let run = (first, proptest::collection::vec(c, 1..19));
    run.prop_map(|(first, rest)| {
        std::iter::once(first).chain(rest).collect::<String>().nfc().collect()
    })
}

proptest! {
    #[test]
    fn any_text_has_terms_that_fts5_takes_as_they_are(text in any_text()) {
        let terms = Terms::of(&text);
        prop_assert!(terms.text.is_empty() || terms.text.ends_with(' '));
        prop_assert!(terms.words <= terms.text.matches(' ').count());
        for term in terms.text.split_terminator(' ') {
            prop_assert!(!term.is_empty());
            let is_plain = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "#*".contains(c);
            prop_assert!(term.chars().all(is_plain), "{term:?}");
        }
        prop_assert_eq!(terms.words == 0, terms.text.is_empty());
    }

    #[test]
    fn ascii_is_as_any_other_text(text in "[ -~]{0,40}") {
        let mut behind = Terms::of(&format!("{text} é"));
        behind.text.truncate(behind.text.len() - "é ".len());
        behind.words -= 1;
        prop_assert_eq!(Terms::of(&text), behind);
    }

    #[test]
    fn every_part_of_an_unspaced_run_finds_it(
        run in unspaced(), start in 0_usize..19, length in 2_usize..20,
        around in prop_oneof!["[a-z0-9 ,]{0,5}", "👍{0,2}"],
    ) {
        let start = start.min(run.len().saturating_sub(2));
        let part = String::from_iter(run[start..].iter().take(length));
        let text = format!("{around}、{}{around}", String::from_iter(&run));
        if part.chars().count() >= 2 {
            prop_assert!(finds(&part, &text), "{:?} in {:?}", part, text);
        }
    }

    #[test]
    fn one_character_finds_no_run(
        run in proptest::collection::vec(proptest::char::range('一', '\u{9fff}'), 2..9),
    ) {
        let text = String::from_iter(&run);
        prop_assert!(!finds(&run[0].to_string(), &text));
        let alone = format!("{}、{text}", run[0]);
        prop_assert!(finds(&run[0].to_string(), &alone));
    }

    #[test]
    fn a_text_finds_itself_in_any_case(text in any_text()) {
        let own = terms(&text);
        prop_assert_eq!(&own, &terms(&text.nfc().collect::<String>()));
        prop_assert_eq!(&own, &terms(&text.nfd().collect::<String>()));
    }

    #[test]
    fn capitals_and_small_letters_are_one(text in "[a-zà-öа-яα-ως ]{0,30}") {
        prop_assert_eq!(terms(&text), terms(&text.to_uppercase()));
    }
}
