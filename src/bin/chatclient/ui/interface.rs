//! What stands between the client and the person: a terminal, or plain lines.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use chatsrv::display::line::Line;
use chatsrv::display::safe_text::SafeText;
use zeroize::Zeroizing;

use crate::input::destination::Destination;
use crate::transfers::transfer::Progress;
use crate::ui::completion::Vocabulary;

/// What the person is to type next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// What stands before it.
    pub text: SafeText,
    /// Where a line goes that begins now.
    pub destination: Destination,
    /// Whether it must not be seen.
    pub secret: bool,
    /// Whether the history is to hold it.
    pub remembered: bool,
    /// Whether it begins with a user's name.
    pub awaits_user: bool,
}

/// What came from the person.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// A line, and where it goes.
    Line(Zeroizing<String>, Destination),
    /// Several lines that were pasted at once, knowingly, and where they go.
    Pasted(Pasted, Destination),
    /// A line that can't be taken, and why.
    Unreadable(&'static str),
    /// What goes on is to stop.
    Interrupt,
    /// No more lines will come.
    End,
}

/// What is to become of lines that were pasted at once.
#[derive(Debug, PartialEq, Eq)]
pub enum Pasted {
    /// Each is a message just as it stands.
    Messages(Vec<String>),
    /// They are taken as if they had been typed.
    Typed(Vec<String>),
}

/// Shows lines and takes lines.
pub trait Ui {
    /// Whether a person answers questions.
    fn is_interactive(&self) -> bool;

    /// Shows a line, at the latest with the next [`flush`](Self::flush).
    fn show(&mut self, line: &Line);

    /// Draws the person's attention, where that can be.
    fn ring(&mut self);

    /// Shows how far the downloads are.
    fn show_progress(&mut self, progress: &[Progress]);

    /// Says in what state the connection is, where that is not as it should be.
    fn set_status(&mut self, status: Option<SafeText>);

    /// Says what is awaited. A line that is being typed stays for what was awaited when it began.
    fn set_prompt(&mut self, prompt: Prompt);

    /// What to wait on before [`read`](Self::read); `None` where nothing can come.
    fn source(&self) -> Option<BorrowedFd<'_>>;

    /// Takes what has come, without waiting for more.
    ///
    /// # Errors
    /// Where it can't be read.
    fn read(&mut self) -> io::Result<()>;

    /// When to take a turn although nothing comes; none where that does not matter.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The next thing that has come; `completion` is what the Tab key knows.
    fn next(&mut self, completion: &Vocabulary) -> Option<Input>;

    /// Puts a line that could not be taken back to where it was typed, where that can be.
    fn give_back(&mut self, line: &str);

    /// Whether nothing more can come, not even the answer to a question.
    fn has_ended(&self) -> bool;

    /// Whether what goes on is to stop although nothing can be typed, once for each time.
    fn take_interrupt(&mut self) -> bool;

    /// Gives the terminal back as it was: the process is about to stop or to end.
    fn release(&mut self);

    /// The terminal has another size, or other settings: another program may have had it.
    ///
    /// # Errors
    /// Where the terminal is gone.
    fn changed(&mut self) -> io::Result<()>;

    /// Puts what was shown where it can be read, and no prompt behind it. Only what went through
    /// this was seen.
    ///
    /// # Errors
    /// Where it can't be written.
    fn write_shown(&mut self) -> io::Result<()> {
        self.flush()
    }

    /// Puts on the screen what waits.
    ///
    /// # Errors
    /// Where it can't be written.
    fn flush(&mut self) -> io::Result<()>;
}
