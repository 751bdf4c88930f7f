//! Every bound of the server that is no option, with its unit and its reason.

use std::time::Duration;

/// Bytes that one read takes at most; the buffer is shared by all connections.
pub const READ_BYTES_MAX: usize = 64 * 1024;

/// Bytes that a connection may have sent and not been answered before its login, so that strangers
/// hold no memory.
pub const STRANGER_INPUT_BYTES_MAX: usize = 4 * 1024;

/// Lines that one connection gets handled in one tick; who has more waits for the next one, so that
/// one flood does not starve the others.
pub const LINES_PER_TICK_MAX: u32 = 64;

/// Reports of readiness in a row that may move no byte of a connection. A few do: what was fetched
/// before it was paused, a signal between.
pub const SPURIOUS_WAKEUPS_MAX: u16 = 1000;

/// Connections that one listener accepts in one tick, so that a storm of them does not stop those
/// that stand.
pub const ACCEPTS_PER_TICK_MAX: usize = 64;

/// Bytes of a file in one chunk that is sent: whole pages, so that the kernel hands them on as they
/// are, and few enough that a chunk and its header fit one buffer of the kernel (17 pages) and one
/// segment of the loopback network. One of 64 KiB takes two of each, and half as much time again.
pub const SENT_CHUNK_BYTES_MAX: u64 = 15 * PAGE_BYTES;

/// Bytes of a page of the page cache.
pub const PAGE_BYTES: u64 = 4 * 1024;

/// Timers that one tick obeys. Closing a connection takes some 50 µs.
pub const TIMERS_PER_TICK_MAX: usize = 64;

/// Bytes of files that one connection is written in one tick.
pub const FILE_BYTES_PER_TICK_MAX: u64 = 256 * 1024;

/// Bytes that the kernel takes for one connection ahead of what it has sent, so that a line never
/// waits behind megabytes of a file, and a client that does not read is known soon (tcp(7),
/// TCP_NOTSENT_LOWAT). More makes a hundred downloads at once dearer by a quarter: their bytes are
/// no longer in the processor's cache when they leave.
pub const KERNEL_UNSENT_BYTES_MAX: u32 = 16 * 1024;

/// Bytes of plaintext that one TLS session encrypts ahead of what the socket takes: a chunk of a
/// file, its header, and what the records add.
pub const TLS_UNSENT_BYTES_MAX: usize = 80 * 1024;

/// Bytes that a peer may send for a TLS handshake. The longest that clients send have post-quantum
/// keys and tickets, and are a few KiB long. Behind it comes [`STRANGER_INPUT_BYTES_MAX`], in
/// records of which the last, of 16 KiB at most, has to be there before any of it is known.
pub const TLS_HANDSHAKE_BYTES_MAX: u64 = 16 * 1024;

/// Bytes of memory that one TLS handshake takes while it is under way, about.
pub const HANDSHAKE_BYTES: usize = 18 * 1024;

/// How long the TLS handshakes of one tick may take; the last of them is still done. One takes 0.1
/// to 5 milliseconds, by the kind of the key, so that a thousand that come at once would stop the
/// chat for a second; so they delay a line by little more than this.
pub const HANDSHAKE_TIME_PER_TICK_MAX: Duration = Duration::from_millis(3);

/// Bytes of a file with certificates or a key.
pub const CERTIFICATE_FILE_BYTES_MAX: usize = 1024 * 1024;

/// Bytes that may wait for a reader who asked for them; above it the connection is not read on, and
/// longer answers are made piece by piece.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a list that cost as much as one more line of who asked for it: with short requests and
/// long answers one connection would else keep the loop as busy as a hundred.
pub const LINE_OF_LIST_BYTES: usize = 16 * 1024;

/// Bytes that a user who was silent may say at once beyond `--speech-rate`: a quarter of the usual
/// send queue, so that nobody who reads is closed for it.
pub const SPEECH_BURST_BYTES: u64 = 256 * 1024;

/// How long a user waits at most who alone fills more than half of a receiver's send queue, before
/// that receiver is closed.
pub const SPEAKER_WAIT_MAX: Duration = Duration::from_secs(5);

/// How often it is looked whether a receiver has caught up for whom a user waits.
pub const SPEAKER_LOOK_PERIOD: Duration = Duration::from_millis(50);

/// Bytes of a file that are brought into the page cache at once where they are not there.
pub const WARM_BYTES: u64 = 1024 * 1024;

/// How often, in bytes of a file, the loop asks whether what comes next is in the page cache.
pub const WARM_PROBE_BYTES: u64 = 256 * 1024;

/// Bytes of one connection's uploads that are gathered while the disk writes; above it the sender
/// waits.
pub const UPLOAD_BUFFER_BYTES_MAX: usize = 256 * 1024;

/// Where all that waits is over its budget, this part of the budget is made free, a twentieth:
/// enough that thousands who read nothing are not searched through at every message, little enough
/// that nobody is closed whose queue is short.
pub const SHED_SHARE: usize = 20;

/// How long a closing connection may take to read what waits for it.
pub const FINISH_TIME_MAX: Duration = Duration::from_secs(10);

/// How long the server reads and drops after its last line, so that a reset does not overtake it.
pub const LINGER_TIME_MAX: Duration = Duration::from_secs(1);

/// How often some connections may leave when the server stops.
pub const LEAVE_PERIOD: Duration = Duration::from_millis(10);

/// How many connections may leave in one [`LEAVE_PERIOD`], or more where the drain time is short:
/// ten thousand are gone in a second and a half.
pub const LEAVES_PER_PERIOD: usize = 64;

/// How many clients are asked to come back in the same second after a stop: a server that has
/// just started should be able to log in as many, and answer others too.
pub const RETURNS_PER_SECOND: usize = 1000;

/// The longest time, in seconds, after which a client is asked to come back.
pub const COME_BACK_SPREAD_MAX: u32 = 60;

/// How long a listener rests when the process or the system has no file descriptor left.
pub const ACCEPT_REST: Duration = Duration::from_secs(1);

/// How long a peer's kernel may leave data unacknowledged before the connection is given up
/// (tcp(7), TCP_USER_TIMEOUT).
pub const UNACKNOWLEDGED_TIME_MAX: Duration = Duration::from_secs(120);

/// How much later the service manager is told what it did not take.
pub const NOTIFY_PAUSE: Duration = Duration::from_millis(100);

/// Connections that wait to be accepted; the kernel caps it at net.core.somaxconn.
pub const LISTEN_BACKLOG: i32 = 4096;

/// How often a free port is looked for that is free on all addresses.
pub const FREE_PORT_ATTEMPTS: u32 = 16;

/// How many may read the metrics at once; fewer where there are few descriptors.
pub const EXCHANGES_MAX: u64 = 8;

/// How long reading the metrics may take.
pub const EXCHANGE_TIME_MAX: Duration = Duration::from_secs(5);

/// Bytes of a request for the metrics.
pub const REQUEST_BYTES_MAX: usize = 8 * 1024;

/// Bytes of the head of a browser's request.
pub const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Header fields of a browser's request.
pub const HEAD_FIELDS_MAX: usize = 64;

/// Bytes of the target of a browser's request.
pub const TARGET_BYTES_MAX: usize = 2 * 1024;

/// How long a browser's connection may take until the first byte of its first request, and of the
/// next one.
pub const WEB_IDLE_TIME_MAX: Duration = Duration::from_secs(15);

/// How long the head of a request may take from its first byte on.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a browser may take nothing of a response.
pub const WEB_STALL_TIME_MAX: Duration = Duration::from_secs(30);

/// Requests on one connection of a browser.
pub const WEB_REQUESTS_MAX: u32 = 100;

/// Requests of one connection that are answered in one tick, if they came together.
pub const WEB_REQUESTS_PER_TICK_MAX: usize = 8;

/// Connections of browsers, as a part of all that clients may have: a quarter.
pub const WEB_SHARE: usize = 4;

/// Connections of browsers at most: as many as have a number in the poll.
pub const WEB_CONNECTIONS_MAX: usize = 65_536;

/// File descriptors that are no clients', where there are many: those of the server itself, files
/// under way, refused connections.
pub const RESERVED_FILES: u64 = 256;

/// Files that are sent or received at a time, beyond an eighth of all descriptors.
pub const RESERVED_FOR_TRANSFERS: u64 = 128;

/// Files that are sent or received at a time, at most: as many as may wait for the threads that
/// read them from the disk.
pub const TRANSFERS_MAX: u64 = 65_536;

/// File descriptors that the server holds open beside its listeners: standard streams (3), the poll
/// (3), signals (7), the store with its index (13), the service manager's socket, and one to spare.
pub const OWN_FILES: u64 = 28;

/// File descriptors that the threads of the store may hold for a moment, to look a name up or to
/// hash a file, or to ask how much room there is.
pub const FILES_OF_THREADS: u64 = 6;

/// Memory for each client, where nobody says how many there may be: what TLS, a queue that is not
/// empty, and the kernel take.
pub const MEMORY_PER_CLIENT: u64 = 128 * 1024;

/// Connections for which room is reserved at the start, at most: addresses alone, as memory is
/// taken when it is used.
pub const CONNECTIONS_RESERVED_MAX: usize = 1024 * 1024;

/// Connections above the limit that are told so; further ones are closed without a word. Fewer
/// where there are few descriptors.
pub const REFUSED_CONNECTIONS_MAX: u64 = 64;

/// Lines of the log about strangers in each [`STRANGER_LINES_PERIOD`]; the rest is counted.
pub const STRANGER_LINES_MAX: u32 = 20;

/// See [`STRANGER_LINES_MAX`].
pub const STRANGER_LINES_PERIOD: Duration = Duration::from_secs(1);

/// How many times as much as one of its networks a /48 of IPv6 may take. It is what one subscriber
/// has at most, and holds 65,536 networks.
pub const SITE_FACTOR: u32 = 4;
/// Networks of which it is remembered how much they took of something lately, in each of two
/// generations: about a megabyte for each thing that is counted.
pub const NETWORKS_REMEMBERED_MAX: usize = 16_384;

/// Bytes of a password. More would only cost time to hash.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// Wrong passwords after which a connection is closed.
pub const WRONG_PASSWORDS_MAX: u8 = 3;

/// Sessions of a user that stand beside each other.
pub const SESSIONS_BESIDE_MAX: usize = 16;

/// Notices of presence that one user causes in each [`PRESENCE_PERIOD`]: each is a line for
/// everyone.
pub const PRESENCE_NOTICES_MAX: u32 = 20;

/// See [`PRESENCE_NOTICES_MAX`].
pub const PRESENCE_PERIOD: Duration = Duration::from_secs(60);

/// Networks that are banned at a time.
pub const BANNED_NETWORKS_MAX: usize = 10_000;
/// Changes of presence in each [`PRESENCE_CHANGES_PERIOD`]; with more, nobody is told of any for
/// [`PRESENCE_STORM_TIME`], as where more users are online than such things are told for.
pub const PRESENCE_CHANGES_MAX: u32 = 500;

/// See [`PRESENCE_CHANGES_MAX`].
pub const PRESENCE_CHANGES_PERIOD: Duration = Duration::from_secs(1);

/// See [`PRESENCE_CHANGES_MAX`].
pub const PRESENCE_STORM_TIME: Duration = Duration::from_secs(10);

/// Users whom one session monitors.
pub const MONITORED_USERS_MAX: usize = 100;

/// Users whom one user ignores.
pub const IGNORED_USERS_MAX: usize = 1000;

/// Invitations that are good at a time.
pub const INVITES_MAX: usize = 1000;

/// Reports of one user within a day.
pub const REPORTS_PER_DAY_MAX: usize = 10;

/// Reports that are not resolved.
pub const REPORTS_MAX: usize = 10_000;

/// How much time is between two exports of one user.
pub const EXPORT_PERIOD: Duration = Duration::from_secs(24 * 60 * 60);
/// How long an export is kept after it was asked for.
pub const EXPORT_KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Exports that are made at a time: each reads with one of the four threads that read messages.
pub const EXPORTS_AT_ONCE: usize = 2;
/// Exports that wait for that or are being made; nobody may ask for one more.
pub const EXPORTS_WAITING_MAX: usize = 1000;
/// Exports with which something is done in one tick; the rest follows in the next one.
pub const EXPORTS_PER_TICK_MAX: usize = 256;
/// How long an export waits that could not be written or sent just now.
pub const EXPORT_PAUSE: Duration = Duration::from_secs(1);
/// How long after a failure an export is begun anew, or its end is tried again.
pub const EXPORT_RETRY: Duration = Duration::from_secs(60);
/// How often the making of an export may fail before it is given up.
pub const EXPORT_TRIES_MAX: u32 = 5;

/// The most reports that one list holds.
pub const REPORTS_LISTED_MAX: usize = 1000;

/// How long nobody may have the name of an account that was removed.
pub const NAME_KEPT_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Answers of one session that wait for something. With more, it is not read on, so that a client
/// that pipelines can't make the server remember without end.
pub const ANSWERS_WAITING_MAX: usize = 64;

/// Downloads of one session that are open or asked for. Each holds a file descriptor.
pub const DOWNLOADS_MAX: usize = 16;

/// Uploads of one session that are open, asked for, or being made files. Each holds a file
/// descriptor.
pub const UPLOADS_MAX: usize = 16;

/// Which part of the places for transfers one user may hold: a sixteenth.
pub const USER_PLACES_SHARE: usize = 16;

/// Which part of the places strangers may hold together, where files are public: a quarter.
pub const GUEST_PLACES_SHARE: usize = 4;

/// Transfers of strangers from one network.
pub const GUEST_TRANSFERS_PER_NETWORK_MAX: usize = 2;

/// How long a transfer may move no byte while others want its place or its name.
pub const STALLED_AFTER: Duration = Duration::from_secs(60);

/// How often it is looked which transfers stand still, where places are wanted: all connections are
/// looked at.
pub const STALLED_LOOK_PERIOD: Duration = Duration::from_secs(1);

/// How long an upload that broke off is kept, and can go on.
pub const UPLOAD_KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Calls for direct chats that one user may make in each [`CALL_PERIOD`]: each is a notice to
/// somebody else.
pub const CALLS_PER_PERIOD_MAX: u32 = 10;
/// See [`CALLS_PER_PERIOD_MAX`].
pub const CALL_PERIOD: Duration = Duration::from_secs(60);
/// How much time is at least between two looks at who has fallen silent, each of which looks at all
/// who take direct chats.
pub const SILENCE_LOOK_PERIOD: Duration = Duration::from_secs(1);

/// Wrong passwords for one name: of all strangers together, and of each network that the account
/// knows. With more, they have to wait. Low enough that a password can't be guessed over the wire,
/// high enough that nobody is locked out by mistyping.
pub const NAME_FAILURES_MAX: u32 = 10;
/// Wrong passwords and tokens of one network, behind which many people may sit.
pub const NETWORK_FAILURES_MAX: u32 = 30;
/// After this long one failure is forgiven.
pub const FAILURE_FORGIVEN_AFTER: Duration = Duration::from_secs(10);
/// How long the answer to a second wrong password is delayed; twice as long for each one more.
pub const FAILURE_DELAY: Duration = Duration::from_millis(250);
/// The longest delay. Whoever goes on without a pause fails faster than is forgiven, and so is told
/// after a dozen tries for how long to wait; with more delay nobody ever would be.
pub const FAILURE_DELAY_MAX: Duration = Duration::from_secs(2);
/// Names, and networks, whose failures are remembered, in each of two generations.
pub const FAILURES_REMEMBERED_MAX: usize = 16_384;
/// Networks that an account knows, since it has logged in from there; the one from which it has not
/// for longest goes first.
pub const KNOWN_NETWORKS_MAX: usize = 8;
/// How many days an account knows a network after its last login there.
pub const NETWORK_KNOWN_DAYS: u32 = 90;

/// Logins of one network at once, and as many more in each [`LOGIN_PERIOD`], evenly: each may be a
/// line for everyone.
pub const LOGINS_PER_PERIOD_MAX: u32 = 200;
/// See [`LOGINS_PER_PERIOD_MAX`].
pub const LOGIN_PERIOD: Duration = Duration::from_secs(10);
/// Names that one network asks for at once without a password behind them, and as many more in each
/// [`NAME_PERIOD`], evenly: the answer tells who has an account.
pub const NAMES_PER_PERIOD_MAX: u32 = 60;
/// See [`NAMES_PER_PERIOD_MAX`].
pub const NAME_PERIOD: Duration = Duration::from_secs(60);

/// What a client is told to wait where no better number is known, in seconds.
pub const RETRY_SECONDS: u32 = 5;

/// The longest that a client is told to wait, in seconds.
pub const RETRY_SECONDS_MAX: u32 = 900;

/// How far the ceiling of the ids that the store keeps is raised ahead of the newest id; once half
/// of that is used up, it is raised again. Long enough that one small write every few seconds does,
/// short enough that the ids after a restart, which begin above it, are dated hardly too late.
pub const ID_CEILING_LEAD: Duration = Duration::from_secs(10);

/// How long the idempotency key of a message is remembered at least.
pub const KEY_REMEMBERED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Idempotency keys of all senders whose hashes are held, of two days at most. With more, the store
/// is asked about every key of the sender with most before the message is delivered.
pub const KEYS_IN_FILTER_MAX: usize = 1024 * 1024;
/// The last idempotency keys of each sender that are remembered for a day where nothing is kept on
/// disk.
pub const KEYS_OF_ONE_MAX: usize = 4_096;
/// Idempotency keys of all senders that are remembered where nothing is kept on disk; with more,
/// the older ones of the sender with most are forgotten.
pub const KEYS_IN_MEMORY_MAX: usize = 128 * 1024;

/// Events for a session that is logging in, which wait until the list of what is unread is there.
/// That takes one look into the store; with more, it is the store that does not answer.
pub const INBOX_EVENTS_MAX: usize = 1024;

/// Messages that are read from the store at once for a list under way.
pub const PIECE_MESSAGES_MAX: usize = 256;

/// How long old messages are kept for the sake of a list that was begun and holds them. Whoever has
/// not read it by then is closed.
pub const LIST_TIME_MAX: Duration = Duration::from_secs(10 * 60);
/// How often what became too old is removed, messages and uploads that broke off.
pub const REMOVAL_PERIOD: Duration = Duration::from_secs(60 * 60);
/// The pause between two steps of a removal, in which whatever else waits for the disk goes on.
pub const REMOVAL_PAUSE: Duration = Duration::from_millis(200);
/// The same behind a step that has only looked, and found nothing to remove.
pub const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// Groups that there may be at a time of those that one user made, so that one account can't fill
/// the memory: with a hundred members each, they take about three megabytes.
pub const GROUPS_MADE_MAX: usize = 1024;
/// Ops of one group, its admin among them: each is told who asks to join.
pub const GROUP_OPS_MAX: usize = 64;
/// Users who ask to join one group and wait for its ops.
pub const GROUP_REQUESTS_MAX: usize = 256;
/// Users who are asked to join one group and have not answered.
pub const GROUP_INVITATIONS_MAX: usize = 256;
/// Users who are shut out of one group.
pub const GROUP_SHUT_OUT_MAX: usize = 1000;
/// Users of whom one group remembers that they declined or were refused. Beyond that, the one for
/// whom that is longest ago is forgotten.
pub const GROUP_TURNED_DOWN_MAX: usize = 1000;
/// How long a user who declined is not asked again, and one who was refused three times in that
/// time may not ask again.
pub const TURNED_DOWN_TIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Users whom one user may ask to join groups, or add to them, in [`ADDITIONS_PERIOD`].
pub const ADDITIONS_PER_PERIOD_MAX: usize = 200;
/// The period for which additions to groups are counted.
pub const ADDITIONS_PERIOD: Duration = Duration::from_secs(60 * 60);
/// Invitations of which a user is told after a login; as many requests; as many groups to which
/// others added the user meanwhile, the others after the next login; and as many requests where
/// somebody becomes an op. Few enough that they fit into any send queue, whoever made them.
pub const GROUP_NOTICES_MAX: usize = 256;
/// How long a member of a group that is not kept may be offline.
pub const GROUP_OFFLINE_TIME_MAX: Duration = Duration::from_secs(10 * 60);
/// How long after a failure a group is saved again.
pub const GROUP_SAVE_PAUSE: Duration = Duration::from_secs(5);
/// Memberships that end in one tick, for being offline too long or with one EX; the rest follows in
/// the next one. And groups that are saved again in one tick; the rest follows after
/// [`GROUP_SAVE_PAUSE`]. So everybody else is served in between.
pub const GROUPS_PER_TICK_MAX: usize = 256;
