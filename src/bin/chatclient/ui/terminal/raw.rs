//! The raw mode of the terminal, which is left again on every path, a panic included.

use std::io::{self, Write};
use std::panic;
use std::sync::{Mutex, Once, PoisonError};

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

/// The sequence that makes the terminal mark pasted text (bracketed paste mode).
const BRACKETED_PASTE_ON: &[u8] = b"\x1b[?2004h";
const BRACKETED_PASTE_OFF: &[u8] = b"\x1b[?2004l";

/// The settings to restore. They are static so that the panic hook can use them; a process has one
/// terminal.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// A guard: raw mode is left when it is dropped.
#[derive(Debug)]
pub struct RawMode;

impl RawMode {
    /// Enters raw mode: keys are read at once, without echo, and raise no signals.
    ///
    /// # Errors
    /// If standard input is not a terminal any more.
    pub fn enter() -> io::Result<Self> {
        static RESTORE_ON_PANIC: Once = Once::new();
        RESTORE_ON_PANIC.call_once(|| {
            let report = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                restore();
                report(info);
            }));
        });
        let before = tcgetattr(io::stdin())?;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        let raw = RawMode;
        raw.renew()?;
        Ok(raw)
    }

    /// Sets raw mode again, since a shell that continues a stopped process may have changed it.
    ///
    /// # Errors
    /// If standard input is not a terminal any more.
    pub fn renew(&self) -> io::Result<()> {
        let mut raw = tcgetattr(io::stdin())?;
        raw.local_modes -=
            LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
        raw.input_modes -= InputModes::ICRNL
            | InputModes::INLCR
            | InputModes::IGNCR
            | InputModes::ISTRIP
            | InputModes::IXON;
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Drain, &raw)?;
        io::stdout().write_all(BRACKETED_PASTE_ON)?;
        io::stdout().flush()
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        // A terminal that is gone has no settings to restore.
        let _ = io::stdout().write_all(BRACKETED_PASTE_OFF).and_then(|()| io::stdout().flush());
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &before);
    }
}
