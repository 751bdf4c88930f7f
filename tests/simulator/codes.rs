//! Which final replies a command may get.

use chatsrv::protocol::native::verb::Verb;

/// The codes of the final reply, before the login or after it.
pub fn codes(verb: Verb, guest: bool) -> &'static [u16] {
    match verb {
        Verb::Help => &[250],
        Verb::Ex => &[221],
        Verb::User if guest => &[331, 332, 450],
        Verb::User => &[503],
        Verb::Resume if guest => &[230, 450, 452, 530, 535],
        Verb::Alive if guest => &[503],
        Verb::Get if guest => &[250, 450, 501, 530, 550],
        _ if guest => &[530],
        Verb::Get => &[250, 450, 501, 550],
        Verb::Pm | Verb::Dm => &[354],
        Verb::Who | Verb::Quiet | Verb::More => &[250],
        Verb::Nick => &[250, 450, 452, 503],
        Verb::Ls | Verb::Sum => &[250, 450, 550],
        Verb::Abort | Verb::Expect => &[250, 550],
        Verb::Resume => &[503],
        Verb::Passwd => &[354, 503],
        Verb::Key => &[250],
        Verb::Token => &[250, 450, 452, 503],
        Verb::Unread | Verb::Chats => &[250, 450],
        Verb::Delete => &[250, 450, 452, 530, 550],
        Verb::Open | Verb::History | Verb::After => &[250, 450, 530, 550],
        Verb::Search => &[250, 450, 501, 530, 550],
        Verb::Seen => &[250, 450, 452, 530, 550],
        Verb::Mkgroup | Verb::Mkgroupreq => &[250, 450, 452, 550, 553],
        Verb::Join => &[250, 252, 450, 452, 550],
        Verb::Admit | Verb::Refuse => &[250, 450, 452, 503, 530, 550],
        Verb::Op | Verb::Handover => &[250, 450, 452, 503, 530, 550],
        Verb::Leave | Verb::Keep | Verb::Dissolve => &[250, 450, 452, 530, 550],
        Verb::Groups => &[250],
        Verb::Members => &[250, 530, 550],
        Verb::Put => &[250, 450, 452, 550, 552, 553],
        Verb::Sendfile => &[250, 450, 452, 503, 530, 550, 552],
        Verb::Up => &[250, 501, 503],
        Verb::Down => &[250],
        Verb::Alive => &[250, 503],
        Verb::Call => &[250, 450, 503, 550],
        Verb::Kick => &[250, 503, 530, 550],
        Verb::Ban | Verb::Unban | Verb::Admin => &[250, 450, 452, 503, 530, 550],
        Verb::Dump | Verb::Shutdown => &[250, 530],
    }
}
