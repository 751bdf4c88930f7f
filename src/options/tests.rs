//! Tests of the options.

use super::values::{DURATION_MAX, FILES_SIZE_MAX, SEND_QUEUE_MAX, SEND_QUEUE_MIN};
use super::*;

/// Parses `words` as options, whatever the environment of the tests is.
fn read(words: &[&str]) -> Result<Options, ErrorKind> {
    let words = ["chatsrv"].iter().chain(words);
    let command = Options::command().mut_args(|arg| arg.env(None::<&str>));
    let matches = command.try_get_matches_from(words);
    matches
        .and_then(|mut matches| Options::from_matches(&mut matches))
        .map_err(|error| error.kind())
}

fn options(words: &[&str]) -> Options {
    read(words).unwrap()
}

#[test]
fn the_definition_is_sound() {
    Options::command().debug_assert();
}

#[test]
fn with_nothing_given_the_defaults_hold() {
    let options = options(&["--data", "/d"]);
    assert_eq!(options.port, 9000);
    assert!(options.listen.is_empty());
    assert_eq!(options.files(), Path::new("/d/files"));
    assert!(!options.public_files);
    assert_eq!(options.registration, Registration::Open);
    assert_eq!(options.offline, Offline::Store);
    assert_eq!(options.max_clients, None);
    assert_eq!(options.group_max.get(), 100);
    assert_eq!(options.presence_limit, 500);
    assert_eq!(options.login_timeout, Duration::from_secs(30));
    assert_eq!(options.idle_timeout, None);
    assert_eq!(options.history, None);
    assert_eq!(options.send_queue, Size(1 << 20));
    assert_eq!(options.rate, 100);
    assert_eq!(options.speech_rate(), Size(16 << 10));
    assert_eq!(options.max_file, Size(4 << 30));
    assert_eq!(options.quota, Size(16 << 30));
    assert_eq!(options.reserve, None);
    assert_eq!(options.password_cost, PasswordCost::Normal);
    assert_eq!(options.drain, Duration::from_secs(10));
    assert_eq!(options.log, LevelFilter::Info);
}

#[test]
fn the_port_for_browsers_is_off_where_others_are_free_ones() {
    assert_eq!(options(&[]).http_port(), Some((9080, false)));
    assert_eq!(options(&["7000"]).http_port(), Some((9080, false)));
    assert_eq!(options(&["--port", "0"]).http_port(), None);
    assert_eq!(options(&["--port", "0", "--http-port", "0"]).http_port(), Some((0, true)));
    assert_eq!(options(&["--http-port", "9080"]).http_port(), Some((9080, true)));
    assert_eq!(options(&["--http-port", "off"]).http_port(), None);
    for port in ["65536", "on", "", "-1"] {
        assert!(read(&[&format!("--http-port={port}")]).is_err(), "{port}");
    }
    let alone = read(&["--https-port", "443"]).unwrap_err();
    assert_eq!(alone, ErrorKind::MissingRequiredArgument);
}

#[test]
fn hosts_origins_and_titles_are_checked() {
    let options = options(&["--host", "A.example,b", "--host", "[::1]", "--origin", "HTTPS://c"]);
    let hosts: Vec<String> = options.web.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["a.example", "b", "[::1]"]);
    assert_eq!(options.web.origins[0].to_string(), "https://c");
    assert_eq!(options.web.title, "chatsrv");
    let long = "x".repeat(65);
    for words in [
        ["--host", "a:80"],
        ["--host", "https://a"],
        ["--host", "*.a"],
        ["--origin", "a.example"],
        ["--origin", "https://a/b"],
        ["--origin", "null"],
        ["--proxy", "192.0.2.0/33"],
        ["--title", ""],
        ["--title", "a\nb"],
        ["--title", &long],
    ] {
        assert_eq!(read(&words).unwrap_err(), ErrorKind::ValueValidation, "{words:?}");
    }
}

#[test]
fn the_port_may_stand_bare_and_only_once() {
    assert_eq!(options(&["7000"]).port, 7000);
    assert_eq!(options(&["-p", "7000"]).port, 7000);
    assert_eq!(options(&["--port=0"]).port, 0);
    assert_eq!(read(&["-p", "7000", "7000"]).unwrap_err(), ErrorKind::ArgumentConflict);
    assert_eq!(read(&["7000", "7001"]).unwrap_err(), ErrorKind::UnknownArgument);
    assert_eq!(read(&["65536"]).unwrap_err(), ErrorKind::ValueValidation);
}

#[test]
fn tls_needs_a_certificate_and_its_key() {
    let pair = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let expected = |port| Some(Tls { certificate: "cert.pem".into(), key: "key.pem".into(), port });
    assert_eq!(options(&pair).tls(), expected(9443));
    assert_eq!(options(&[&pair[..], &["--tls-port", "0"]].concat()).tls(), expected(0));
    assert_eq!(options(&[]).tls(), None);
    for words in [&pair[..2], &pair[2..], &["--tls-port", "9443"]] {
        assert_eq!(read(words).unwrap_err(), ErrorKind::MissingRequiredArgument, "{words:?}");
    }
}

#[test]
fn without_tls_plain_connections_can_not_be_off() {
    let pair = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    assert_eq!(options(&pair).plain, None);
    assert_eq!(options(&["--plain", "loopback"]).plain, Some(Plain::Loopback));
    assert_eq!(options(&[&pair[..], &["--plain", "any"]].concat()).plain, Some(Plain::Any));
    assert_eq!(options(&[&pair[..], &["--plain", "off"]].concat()).plain, Some(Plain::Off));
    assert_eq!(read(&["--plain", "off"]).unwrap_err(), ErrorKind::MissingRequiredArgument);
}

#[test]
fn addresses_may_be_repeated_or_listed() {
    let expected: [IpAddr; 2] = ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
    assert_eq!(options(&["-l", "127.0.0.1", "--listen", "::1"]).listen, expected);
    assert_eq!(options(&["-l", "127.0.0.1,::1"]).listen, expected);
    // In brackets, as the log writes it.
    assert_eq!(options(&["-l", "127.0.0.1,[::1]"]).listen, expected);
    assert_eq!(read(&["-l", "localhost"]).unwrap_err(), ErrorKind::ValueValidation);
}

#[test]
fn with_nothing_given_networks_are_bounded_but_for_this_machine() {
    let options = options(&[]);
    let limit = |most| Limit { most, spares_loopback: true };
    assert_eq!(options.connections_of_network(), limit(128));
    assert_eq!(options.strangers_of_network(), limit(16));
    let connects = options.connects_of_network();
    assert_eq!((connects.most.to_string().as_str(), connects.spares_loopback), ("60/1m", true));
    let registrations = [options.registrations_of_network(), options.registrations_total()];
    assert_eq!(registrations.map(|limit| limit.most.to_string()), ["5/1h", "60/10m"]);
    assert!(registrations.iter().all(|limit| limit.spares_loopback));
    assert_eq!(options.exempt(), Exempt::default());
}

#[test]
fn limits_that_are_set_count_loopback_too() {
    let options = options(&[
        "--max-per-address",
        "128",
        "--strangers-per-address=3",
        "--connects-per-address=5/1h",
    ]);
    assert_eq!(options.connections_of_network(), Limit { most: 128, spares_loopback: false });
    assert_eq!(options.strangers_of_network(), Limit { most: 3, spares_loopback: false });
    let connects = options.connects_of_network();
    assert_eq!((connects.most.to_string().as_str(), connects.spares_loopback), ("5/1h", false));
}

#[test]
fn exempt_networks_may_be_repeated_or_listed() {
    let expected = ["192.0.2.0/24", "2001:db8::/32"].map(|text| text.parse().unwrap());
    let repeated = ["--exempt", "192.0.2.0/24", "--exempt", "2001:db8::/32"];
    assert_eq!(options(&repeated).exempt().0, expected);
    assert_eq!(options(&["--exempt", "192.0.2.0/24,2001:db8::/32"]).exempt().0, expected);
}

#[test]
fn times_have_bounds() {
    assert_eq!(
        options(&["--idle-timeout", "1h 30m"]).idle_timeout,
        Some(Duration::from_secs(5400))
    );
    assert_eq!(options(&["--history", "30d"]).history, Some(Duration::from_secs(30 * 86_400)));
    assert_eq!(options(&["--drain", "0s"]).drain, Duration::ZERO);
    assert_eq!(options(&["--login-timeout", "3650d"]).login_timeout, DURATION_MAX);
    for words in [
        ["--login-timeout", "0s"],
        ["--idle-timeout", "0s"],
        ["--history", "0s"],
        ["--login-timeout", "3651d"],
        ["--drain", "3651d"],
        ["--drain", "10"],
        ["--drain", "soon"],
    ] {
        assert_eq!(read(&words).unwrap_err(), ErrorKind::ValueValidation, "{words:?}");
    }
}

#[test]
fn numbers_and_sizes_have_bounds() {
    assert_eq!(options(&["--send-queue", "64KiB"]).send_queue, SEND_QUEUE_MIN);
    assert_eq!(options(&["--send-queue", "1TiB"]).send_queue, SEND_QUEUE_MAX);
    assert_eq!(options(&["--rate", "0"]).rate, 0);
    assert_eq!(options(&["--rate", "0"]).speech_rate(), Size(0));
    assert_eq!(options(&["--rate", "0", "--speech-rate", "1KiB"]).speech_rate(), Size(1024));
    assert_eq!(options(&["--speech-rate", "0"]).speech_rate(), Size(0));
    assert_eq!(options(&["--max-file", "0"]).max_file, Size(0));
    assert_eq!(options(&["--quota", "1048576TiB"]).quota, FILES_SIZE_MAX);
    assert_eq!(options(&["--presence-limit", "0"]).presence_limit, 0);
    assert_eq!(options(&["--max-clients", "1"]).max_clients, NonZeroU32::new(1));
    for words in [
        ["--send-queue", "65535"],
        ["--send-queue", "1025GiB"],
        ["--send-queue", "much"],
        ["--max-file", "1048577TiB"],
        ["--quota", "-1"],
        ["--max-clients", "0"],
        ["--max-per-address", "0"],
        ["--strangers-per-address", "0"],
        ["--connects-per-address", "0/1m"],
        ["--connects-per-address", "60"],
        ["--registrations", "0/1h"],
        ["--registrations-total", "much"],
        ["--exempt", "192.0.2.0/33"],
        ["--exempt", "localhost"],
        ["--group-max", "0"],
        ["--rate", "-1"],
        ["--speech-rate", "fast"],
    ] {
        assert!(read(&words).is_err(), "{words:?}");
    }
}

#[test]
fn words_are_taken_from_their_lists() {
    for registration in Registration::ALL {
        let word = registration.word();
        assert_eq!(options(&["--registration", word]).registration, *registration);
    }
    assert_eq!(options(&["--offline", "discard"]).offline, Offline::Discard);
    assert_eq!(options(&["--password-cost", "low"]).password_cost, PasswordCost::Low);
    assert_eq!(options(&["--log", "trace"]).log, LevelFilter::Trace);
    for option in ["--registration", "--offline", "--password-cost", "--log"] {
        assert_eq!(read(&[option, "perhaps"]).unwrap_err(), ErrorKind::InvalidValue, "{option}");
    }
}

#[test]
fn new_passwords_are_short_only_where_they_are_for_tests() {
    let least = |words: &[&str]| options(words).password_min();
    assert_eq!(least(&[]), 8);
    assert_eq!(least(&["--password-cost", "low"]), 1);
    assert_eq!(least(&["--password-cost", "low", "--password-min", "12"]), 12);
    for least in ["0", "1025", "-1", "many"] {
        assert!(read(&["--password-min", least]).is_err(), "{least}");
    }
}

#[test]
fn names_are_reserved_by_a_list_that_may_be_empty() {
    let reserved = |words: &[&str]| options(words).accounts.reserved_names();
    assert!(reserved(&[]).contains("Adm1n"));
    let own = reserved(&["--reserved-names", "boss, chief"]);
    assert!(own.contains("b0ss") && own.contains("chief") && !own.contains("admin"));
    let none = reserved(&["--reserved-names", ""]);
    assert!(none.contains("operator") && !none.contains("admin"));
    assert!(read(&["--reserved-names", "not a name"]).is_err());
}

#[test]
fn every_option_can_come_from_the_environment() {
    let command = Options::command();
    let options = command.get_arguments().filter(|arg| arg.get_long().is_some());
    let mut count = 0;
    for arg in options {
        let long = arg.get_long().unwrap();
        let variable = format!("CHATSRV_{}", long.to_uppercase().replace('-', "_"));
        assert_eq!(arg.get_env(), Some(variable.as_ref()), "--{long}");
        assert!(arg.get_help().is_some(), "--{long} has no help");
        count += 1;
    }
    assert!(count >= 16, "only {count} options");
}

#[test]
fn the_data_folder_is_where_systemd_or_the_home_says() {
    let folder = |variables: &[(&str, &str)]| {
        let found = data_folder(|name| {
            let pair = variables.iter().find(|(key, _)| *key == name)?;
            Some(OsString::from(pair.1))
        });
        found.map(|path| path.to_str().unwrap().to_owned())
    };
    let home = ("HOME", "/home/ann");
    let data = ("XDG_DATA_HOME", "/data");
    let state = ("STATE_DIRECTORY", "/var/lib/chatsrv");
    assert_eq!(folder(&[home, data, state]).unwrap(), "/var/lib/chatsrv");
    assert_eq!(folder(&[home, data]).unwrap(), "/data/chatsrv");
    assert_eq!(folder(&[home]).unwrap(), "/home/ann/.local/share/chatsrv");
    assert_eq!(folder(&[("STATE_DIRECTORY", "/a:/b")]).unwrap(), "/a");
    assert_eq!(
        folder(&[home, ("XDG_DATA_HOME", "data")]).unwrap(),
        "/home/ann/.local/share/chatsrv"
    );
    assert_eq!(folder(&[]), None);
}
