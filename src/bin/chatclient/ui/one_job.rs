//! The user interface for a job of the command line: no input but a password, and no output but
//! errors and the progress of a transfer, both on standard error.

use std::io::{self, IsTerminal, Write};
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use chatsrv::chat::name::Target;
use chatsrv::display::line::{Line, LineKind};
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::CLIENT_LINE_BYTES_MAX;
use indicatif::{ProgressBar, ProgressStyle};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::link::login::Password;
use crate::signals::{Postponed, Signal, SignalPipe};
use crate::transfers::transfer::Progress;
use crate::transfers::{Goal, Place, Source};
use crate::ui::completion::Vocabulary;
use crate::ui::interface::{Input, Prompt, Ui};
use crate::ui::rows::plain_rows;

/// A job of the command line, done after the login.
#[derive(Clone, Debug)]
pub enum Job {
    /// Send a message.
    Say {
        /// The target.
        to: Target,
        /// The text.
        text: String,
    },
    /// Download a file.
    Get {
        /// The file.
        source: Source,
        /// Its place on this machine.
        place: Place,
    },
    /// Upload a file.
    Put {
        /// The path of the local file.
        path: PathBuf,
        /// The chat or folder on the server.
        goal: Goal,
    },
}

impl Job {
    /// Returns true if the bytes of a file go to standard output.
    pub fn writes_to_output(&self) -> bool {
        matches!(self, Job::Get { place: Place::Output, .. })
    }
}

/// Shows errors and a progress bar.
#[derive(Default)]
pub struct JobUi {
    bar: Option<ProgressBar>,
}

impl JobUi {
    fn bar(&mut self) -> &ProgressBar {
        self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(0);
            let template = "{msg} {wide_bar} {percent}% {bytes_per_sec} {eta}";
            // With a malformed template the bar would keep indicatif's own.
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        })
    }
}

impl Ui for JobUi {
    fn is_interactive(&self) -> bool {
        false
    }

    fn show(&mut self, line: &Line) {
        if matches!(line.kind, LineKind::Error | LineKind::Warning) {
            let line = Line::new(line.kind, safe!("chatclient: {}", line.text));
            let write = || io::stderr().write_all(plain_rows(&line, io::stderr()).as_bytes());
            // An error of standard error can't be reported anywhere.
            let _ = match &self.bar {
                Some(bar) => bar.suspend(write),
                None => write(),
            };
        }
    }

    fn ring(&mut self) {}

    fn show_progress(&mut self, progress: &[Progress]) {
        let Some(progress) = progress.first() else {
            return;
        };
        let bar = self.bar();
        if bar.length() != Some(progress.size) {
            bar.set_length(progress.size);
            bar.set_message(progress.name.to_string());
            // The bytes of an earlier download do not count for the rate.
            bar.set_position(progress.moved);
            bar.reset_eta();
        }
        bar.set_position(progress.moved);
    }

    fn set_status(&mut self, _status: Option<SafeText>) {}

    fn set_prompt(&mut self, _prompt: Prompt) {}

    fn source(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn read(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn next(&mut self, _completion: &Vocabulary) -> Option<Input> {
        None
    }

    fn give_back(&mut self, _line: &str) {}

    fn has_ended(&self) -> bool {
        true
    }

    fn take_interrupt(&mut self) -> bool {
        false
    }

    fn release(&mut self) {}

    fn changed(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for JobUi {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}

/// The character of Ctrl-C while it does not raise a signal.
const INTERRUPT: u8 = 0x03;

/// Asks for a password on the terminal, without echo; `None` if standard input is no terminal.
///
/// # Errors
/// If the terminal can't be read, and [`io::ErrorKind::Interrupted`] after Ctrl-C or a signal that
/// requests the process to end. The terminal's settings are restored then.
pub fn ask_password(text: &str) -> io::Result<Option<Password>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let (end, _guard) = SignalPipe::end_for_now()?;
    let mut stop = Postponed::catch(false)?;
    let settings = tcgetattr(io::stdin())?;
    let mut silent = settings.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    // The line end is echoed, and Ctrl-C is read as a character that ends the line.
    silent.local_modes.insert(LocalModes::ECHONL);
    silent.local_modes.remove(LocalModes::ISIG);
    silent.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
    tcsetattr(io::stdin(), OptionalActions::Drain, &silent)?;
    let asked = loop {
        match write!(io::stderr(), "{text}").and_then(|()| read_password(&end, &stop)) {
            Ok(None) => {
                tcsetattr(io::stdin(), OptionalActions::Drain, &settings)?;
                stop.take().map_or(Ok(()), Signal::obey)?;
                tcsetattr(io::stdin(), OptionalActions::Drain, &silent)?;
            }
            Ok(Some(password)) => break Ok(password),
            Err(error) => break Err(error),
        }
    };
    let restored = tcsetattr(io::stdin(), OptionalActions::Drain, &settings);
    if asked.is_err() {
        // An error of standard error can't be reported anywhere.
        let _ = writeln!(io::stderr());
    }
    let password = asked?;
    restored?;
    Ok(Some(password))
}

/// Reads the password; `None` if the process is to stop first.
fn read_password(end: &SignalPipe, stop: &Postponed) -> io::Result<Option<Password>> {
    let mut line = Zeroizing::new(Vec::with_capacity(CLIENT_LINE_BYTES_MAX));
    let mut buffer = Zeroizing::new([0; CLIENT_LINE_BYTES_MAX]);
    let stdin = io::stdin();
    loop {
        let mut polled = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(end, PollFlags::IN),
            PollFd::new(stop, PollFlags::IN),
        ];
        match poll(&mut polled, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        if !polled[1].revents().is_empty() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if !polled[2].revents().is_empty() {
            return Ok(None);
        }
        let length = rustix::io::read(&stdin, buffer.as_mut_slice())?;
        line.extend_from_slice(&buffer[..length]);
        if line.contains(&INTERRUPT) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if length == 0 || line.ends_with(b"\n") {
            break;
        }
    }
    let text = std::str::from_utf8(&line).map_err(io::Error::other)?;
    Ok(Some(Zeroizing::new(text.trim_end_matches(['\n', '\r']).to_string())))
}
