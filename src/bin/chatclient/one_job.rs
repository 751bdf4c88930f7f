//! One job from the command line: nothing is typed, nothing but failures and the progress of a
//! transfer is shown, both on standard error.

use std::io::{self, BufRead, IsTerminal, Write};
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use chatsrv::protocol::name::Target;
use indicatif::{ProgressBar, ProgressStyle};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::front::{Front, Input, Prompt};
use crate::line::{Kind, Line};
use crate::login::Password;
use crate::safe_text::SafeText;
use crate::transfers::{Goal, Place, Progress, Source};
use crate::vocabulary::Vocabulary;

/// What to do after the login.
#[derive(Clone, Debug)]
pub enum Job {
    /// Send a message.
    Say {
        /// To whom.
        to: Target,
        /// What.
        text: String,
    },
    /// Download a file.
    Get {
        /// Which one.
        source: Source,
        /// Where to.
        place: Place,
    },
    /// Upload a file.
    Put {
        /// Which one.
        path: PathBuf,
        /// Where to.
        goal: Goal,
    },
}

/// Shows failures and a progress bar.
#[derive(Default)]
pub struct JobFront {
    bar: Option<ProgressBar>,
}

impl JobFront {
    fn bar(&mut self) -> &ProgressBar {
        self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(0);
            let template = "{msg} {wide_bar} {percent}% {bytes_per_sec} {eta}";
            // A template that can't be read would leave the bar with indicatif's own.
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        })
    }
}

impl Front for JobFront {
    fn is_interactive(&self) -> bool {
        false
    }

    fn show(&mut self, line: &Line) {
        if matches!(line.kind, Kind::Error | Kind::Warning) {
            let write = || writeln!(io::stderr(), "chatclient: {}", line.text);
            // Where standard error takes nothing, there is nobody left to tell.
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
            // What was here before does not count to the rate.
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

    fn next(&mut self, _words: &Vocabulary) -> Option<Input> {
        None
    }

    fn give_back(&mut self, _line: &str) {}

    fn has_ended(&self) -> bool {
        true
    }

    fn take_interrupt(&mut self) -> bool {
        false
    }

    fn changed(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for JobFront {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}

/// Asks for a password on the terminal, without echo; `None` where there is no terminal.
///
/// # Errors
/// Where the terminal can't be read.
pub fn ask_password(text: &str) -> io::Result<Option<Password>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let settings = tcgetattr(io::stdin())?;
    let mut silent = settings.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    // The line end is echoed, and Ctrl-C is read as a character: a signal would end the process
    // with the echo still off.
    silent.local_modes.insert(LocalModes::ECHONL);
    silent.local_modes.remove(LocalModes::ISIG);
    write!(io::stderr(), "{text}")?;
    tcsetattr(io::stdin(), OptionalActions::Drain, &silent)?;
    let mut line = Zeroizing::new(String::new());
    let read = io::stdin().lock().read_line(&mut line);
    tcsetattr(io::stdin(), OptionalActions::Drain, &settings)?;
    read?;
    if line.contains('\x03') {
        return Err(io::ErrorKind::Interrupted.into());
    }
    Ok(Some(Zeroizing::new(line.trim_end_matches(['\n', '\r']).to_string())))
}
