//! The interface between the client and its user interface: a terminal, plain lines, or none.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use chatsrv::display::line::Line;
use chatsrv::display::safe_text::SafeText;
use zeroize::Zeroizing;

use crate::input::destination::Destination;
use crate::transfers::transfer::Progress;
use crate::ui::completion::Vocabulary;

/// The prompt: what the user is to type next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// The text before the line; empty if nothing can be typed.
    pub text: SafeText,
    /// The destination of a line that is begun now.
    pub destination: Destination,
    /// True if the line must not be shown.
    pub secret: bool,
    /// True if the line is added to the history.
    pub remembered: bool,
    /// True if the line begins with a user's name.
    pub awaits_user: bool,
}

/// Input from the user.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// A line and its destination.
    Line(Zeroizing<String>, Destination),
    /// Several lines that were pasted at once and confirmed, and their destination.
    Pasted(Pasted, Destination),
    /// A line that can't be used, and why.
    Unreadable(&'static str),
    /// A request to stop what goes on (Ctrl-C).
    Interrupt,
    /// The end of the input.
    End,
}

/// How lines that were pasted at once are to be handled.
#[derive(Debug, PartialEq, Eq)]
pub enum Pasted {
    /// Each is a message, even if it looks like a command.
    Messages(Vec<String>),
    /// Each is handled as if it had been typed.
    Typed(Vec<String>),
}

/// A user interface: shows lines and reads lines.
pub trait Ui {
    /// Returns true if a user at a terminal can answer questions.
    fn is_interactive(&self) -> bool;

    /// Shows a line, at the latest with the next [`flush`](Self::flush).
    fn show(&mut self, line: &Line);

    /// Rings the bell, if there is one.
    fn ring(&mut self);

    /// Shows the progress of the transfers.
    fn show_progress(&mut self, progress: &[Progress]);

    /// Sets the status line; `None` if there is nothing to report.
    fn set_status(&mut self, status: Option<SafeText>);

    /// Sets the prompt. A line that is being typed keeps the destination of the prompt at which it
    /// was begun.
    fn set_prompt(&mut self, prompt: Prompt);

    /// The descriptor to poll before [`read`](Self::read); `None` if there is no input.
    fn source(&self) -> Option<BorrowedFd<'_>>;

    /// Reads the input that is available.
    ///
    /// # Errors
    /// If the input can't be read.
    fn read(&mut self) -> io::Result<()>;

    /// The time by which to call [`next`](Self::next) although there is no input; `None` if there
    /// is none.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Returns the next input; `completion` is for the Tab key.
    fn next(&mut self, completion: &Vocabulary) -> Option<Input>;

    /// Puts a line that was refused back into the line editor, if there is an empty one.
    fn give_back(&mut self, line: &str);

    /// Returns true if there is no more input, not even the answer to a question.
    fn has_ended(&self) -> bool;

    /// Returns true once for each Ctrl-C that was typed while there is no prompt.
    fn take_interrupt(&mut self) -> bool;

    /// Restores the terminal's settings, before the process stops or ends.
    fn release(&mut self);

    /// Handles a terminal that may have another size, or other settings since another program used
    /// it.
    ///
    /// # Errors
    /// If the terminal is gone.
    fn changed(&mut self) -> io::Result<()>;

    /// Writes the lines that were shown, without a prompt. Lines count as seen only after this.
    ///
    /// # Errors
    /// If the output can't be written.
    fn write_shown(&mut self) -> io::Result<()> {
        self.flush()
    }

    /// Writes the lines that were shown, the status and the prompt.
    ///
    /// # Errors
    /// If the output can't be written.
    fn flush(&mut self) -> io::Result<()>;
}
