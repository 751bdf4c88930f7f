//! chatclient: the terminal client of chatsrv.
//!
//! The modules in reading order: [`options`], the command line; [`client`], the main loop, which
//! connects all the others; [`link`], the connection to the server and the login, and [`requests`],
//! the requests without a reply; [`conversations`] (messages), [`transfers`] (files) and [`calls`]
//! (direct chats), which know the protocol but neither the screen nor the socket; [`input`], the
//! commands and the destinations of lines; and [`ui`], the user interfaces. Everything shown is
//! [`safe_text::SafeText`](chatsrv::display::safe_text::SafeText).

mod calls;
mod client;
mod conversations;
mod core;
mod downloads_folder;
mod ending;
mod input;
mod jobs;
mod link;
mod options;
mod requests;
mod signals;
mod transfers;
mod ui;

use std::fs;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use chatsrv::command_line;
use chatsrv::display::safe_text::safe;
use chatsrv::exit::Exit;
use zeroize::Zeroizing;

use client::{Client, Start};
use ending::Conclusion;
use link::login::{Credentials, Password, Recipient};
use options::Options;
use ui::interface::Ui;
use ui::one_job::{Job, JobUi, ask_password};
use ui::plain::Plain;
use ui::terminal::Terminal;

fn main() -> ExitCode {
    let options = match command_line::parse::<Options>() {
        Ok(options) => options,
        Err(code) => return code,
    };
    match run(&options) {
        Ok(Conclusion::Exit(exit)) => exit.into(),
        Ok(Conclusion::ReaderGone) => signals::end_as_sigpipe(),
        Err((exit, why)) => {
            eprintln!("chatclient: {}", safe!("{why}"));
            exit.into()
        }
    }
}

type Failure = (Exit, String);

fn run(options: &Options) -> Result<Conclusion, Failure> {
    let server = options.server().map_err(|why| (Exit::Usage, why))?;
    let tls = options.tls(&server).map_err(|why| (Exit::Usage, why))?;
    let job = options.job().map_err(|why| (Exit::Usage, why))?;
    if job.as_ref().is_some_and(Job::writes_to_output) && io::stdout().is_terminal() {
        let why = "standard output is a terminal: a file could hold anything; send it to a pipe \
                   or a file, or name one with -o";
        return Err((Exit::Usage, why.to_string()));
    }
    let may_ask = job.is_none() && io::stdin().is_terminal();
    if options.user.is_none() && !may_ask && !server.is_socket() {
        return Err((Exit::Usage, "give the name of the user to log in with".to_string()));
    }
    let password = match server.is_socket() {
        true => None,
        false => password(options, job.as_ref())?,
    };
    let credentials = Credentials {
        name: options.user,
        password,
        may_ask,
        if_new: options.if_new(),
        // One job disturbs no other session, and gets in without a question.
        beside: options.beside || job.is_some(),
        recipient: Recipient { name: server.to_string(), is_proven: tls.is_some() },
    };
    let downloads = downloads_folder::find(options.downloads.as_deref());
    let accept = options.accept();
    let front = front(job.as_ref()).map_err(|error| (Exit::Failed, error.to_string()))?;
    let patience = options.retry.map(Duration::from);
    let start = Start { server, tls, credentials, job, patience, downloads, accept };
    let client = Client::new(start, front).map_err(|error| (Exit::Failed, error.to_string()))?;
    Ok(client.run())
}

/// Chooses the user interface. The line editor needs a terminal as standard input and output, which
/// can move its cursor.
fn front(job: Option<&Job>) -> io::Result<Box<dyn Ui>> {
    if job.is_some() {
        return Ok(Box::<JobUi>::default());
    }
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let moves_cursor = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
    if moves_cursor && io::stdin().is_terminal() && io::stdout().is_terminal() {
        return Ok(Box::new(Terminal::new(!is_set("NO_COLOR"))?));
    }
    Ok(Box::new(Plain::new()))
}

/// The password, if it is known before the login: from the file, from the environment, or for a job
/// from the terminal.
fn password(options: &Options, job: Option<&Job>) -> Result<Option<Password>, Failure> {
    if let Some(path) = &options.password_file {
        let text = fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|error| (Exit::Usage, format!("{}: {error}", path.display())))?;
        let line = text.lines().next().unwrap_or_default();
        return Ok(Some(Zeroizing::new(line.to_string())));
    }
    if let Some(password) = std::env::var_os("CHAT_PASSWORD").filter(|word| !word.is_empty()) {
        let password = password.into_string();
        let why = "the password in CHAT_PASSWORD is not UTF-8".to_string();
        return password
            .map(|password| Some(Zeroizing::new(password)))
            .map_err(|_| (Exit::Usage, why));
    }
    match (job, options.user) {
        (Some(_), Some(user)) => ask_password(&format!("password for {user}: "))
            .map_err(|error| (Exit::LoginFailed, error.to_string())),
        _ => Ok(None),
    }
}
