//! The terminal's raw mode, and the way back from it whatever happens.

use std::io::{self, Write};
use std::panic;
use std::sync::{Mutex, Once, PoisonError};

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

/// Asks the terminal to mark what is pasted, so that it can be told from what is typed.
const BRACKETED_PASTE_ON: &[u8] = b"\x1b[?2004h";
const BRACKETED_PASTE_OFF: &[u8] = b"\x1b[?2004l";

/// The settings to go back to. They are here for the sake of a panic, which knows no more than
/// this; a process has one terminal.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Raw mode, for as long as it lives.
#[derive(Debug)]
pub struct RawMode;

impl RawMode {
    /// Makes every key readable at once, without echo and without signals.
    ///
    /// # Errors
    /// Where standard input is no terminal any more.
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

    /// Sets raw mode again: a shell that continues a stopped process may have set another.
    ///
    /// # Errors
    /// Where standard input is no terminal any more.
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
        // A terminal that is gone needs no settings.
        let _ = io::stdout().write_all(BRACKETED_PASTE_OFF).and_then(|()| io::stdout().flush());
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &before);
    }
}
