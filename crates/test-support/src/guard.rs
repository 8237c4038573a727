//! A watchdog beside each server, so that no server outlives the process that started it.

use std::{
    fs,
    io::{BufRead, BufReader, Read as _, Write as _},
    os::unix::{
        fs::{MetadataExt, OpenOptionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::account::Account;

/// How often a server is looked at while it starts or stops.
const POLL: Duration = Duration::from_millis(5);

/// How long a server may take to go.
const EXIT_DEADLINE: Duration = Duration::from_secs(20);

/// A shell that runs one server in a folder of its own and holds the other end of a pipe.
///
/// The shell starts the server with `PR_SET_PDEATHSIG`, so the server goes when the shell is killed; and the shell ends
/// server and folder when the pipe closes, which the kernel sees to however this process ends. It is a shell because its
/// one thread lives as long as the server: the death signal follows the thread, and threads of a test runner come and go.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
    pipes: Mutex<Option<Pipes>>,
    folder: PathBuf,
}

#[derive(Debug)]
struct Pipes {
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Guard {
    /// Starts the watchdog and its folder. `end_signal` is what ends this kind of server at once and cleanly enough.
    pub(crate) fn start(kind: &str, end_signal: &str, account: Option<&Account>) -> Result<Self> {
        let mut command = match account {
            Some(account) => account.command("bash"),
            None => Command::new("bash"),
        };
        let mut shell = command
            // By way of the environment, so that a list of processes stays readable.
            .args(["-c", r#"eval "$LARDER_GUARD""#, "larder-guard", kind, end_signal])
            .env("LARDER_GUARD", include_str!("guard.sh"))
            .env_remove("BASH_ENV")
            .current_dir("/")
            // Ctrl-C reaches the whole foreground group; the watchdog acts on the closing pipe instead.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("start the watchdog shell (needs bash and setpriv)")?;
        let orders = shell.stdin.take().context("the watchdog's standard input")?;
        let mut answers = BufReader::new(shell.stdout.take().context("the watchdog's standard output")?);
        let mut folder = String::new();
        answers.read_line(&mut folder)?;
        ensure!(!folder.is_empty(), "make a folder for {kind} in the temporary folder");
        let pipes = Mutex::new(Some(Pipes { orders, answers }));
        Ok(Self { shell, pipes, folder: PathBuf::from(folder.trim_end()) })
    }

    /// The server's folder, which is also its working directory.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file that only the server's account may read.
    pub(crate) fn write(&self, name: &str, contents: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        let open = || -> std::io::Result<()> {
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
            file.write_all(contents)?;
            let owner = fs::metadata(&self.folder)?;
            chown(&path, Some(owner.uid()), Some(owner.gid()))
        };
        open().with_context(|| format!("write {}", path.display()))
    }

    /// Starts `command` and gives its process id; the one before must have ended.
    pub(crate) fn run(&self, command: &[String]) -> Result<u32> {
        let mut order = format!("run {}", command.len());
        for word in command {
            ensure!(!word.contains('\n'), "a server's argument holds a line break");
            order.push('\n');
            order.push_str(word);
        }
        self.order(&order)?.parse().context("the watchdog's answer")
    }

    /// Sends a signal by its name without `SIG`.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        self.order(&format!("signal {name}")).map(drop)
    }

    /// The exit status of the server, or nothing while it runs.
    pub(crate) fn exit_status(&self) -> Result<Option<i32>> {
        let answer = self.order("status")?;
        match answer.strip_prefix("exited ") {
            Some(status) => Ok(Some(status.parse().context("the watchdog's answer")?)),
            None => Ok(None),
        }
    }

    /// Waits until the server is gone and gives its exit status.
    pub(crate) fn await_exit(&self) -> Result<i32> {
        poll_until(EXIT_DEADLINE, "the server to exit", || self.exit_status())
    }

    /// What the server logged since it was last started.
    pub(crate) fn log(&self) -> String {
        let mut log = Vec::new();
        let read = fs::File::open(self.folder.join("server.log")).and_then(|mut file| file.read_to_end(&mut log));
        match read {
            Ok(_) => String::from_utf8_lossy(&log).into_owned(),
            Err(error) => format!("no log: {error}"),
        }
    }

    fn order(&self, order: &str) -> Result<String> {
        let mut pipes = self.pipes();
        let Some(Pipes { orders, answers }) = pipes.as_mut() else { bail!("the watchdog has ended") };
        writeln!(orders, "{order}").context("order the watchdog")?;
        let mut answer = String::new();
        answers.read_line(&mut answer).context("hear from the watchdog")?;
        ensure!(!answer.is_empty(), "the watchdog has died");
        Ok(answer.trim_end().to_owned())
    }

    fn pipes(&self) -> MutexGuard<'_, Option<Pipes>> {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.pipes().take());
        // Waits so that nothing is left when a test's own values are gone; the shell's deadlines bound it.
        drop(self.shell.wait());
    }
}

/// Calls `look` until it gives something, on a thread that may block.
///
/// # Errors
/// When `look` fails, or nothing came within `deadline`.
pub(crate) fn poll_until<T>(
    deadline: Duration,
    awaited: &str,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(start.elapsed() < deadline, "waited {deadline:?} for {awaited}");
        #[expect(clippy::disallowed_methods, reason = "servers are started and stopped on blocking threads")]
        std::thread::sleep(POLL);
    }
}
