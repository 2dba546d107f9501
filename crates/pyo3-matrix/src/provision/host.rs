//! What machine is this? Its system, processor and cores, and never its name: reports are public.

use std::time::Duration;

use crate::model::origin::Host;
use crate::process::{Command, Processes};

/// The limit for asking the system.
const LIMIT: Duration = Duration::from_secs(10);

/// Describes this machine.
#[must_use]
pub fn describe(processes: &Processes) -> Host {
    Host {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cpu: model(processes),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// The model of the processor, where the system tells it.
fn model(processes: &Processes) -> Option<String> {
    if cfg!(target_os = "macos") {
        let asked = Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"]).limit(LIMIT);
        return named(&asked.check(processes).ok()?.stdout);
    }
    in_cpuinfo(&std::fs::read_to_string("/proc/cpuinfo").ok()?)
}

/// The first model in the text of `/proc/cpuinfo`. Processors of Arm have numbers there instead of a name.
fn in_cpuinfo(text: &str) -> Option<String> {
    let value = |key: &str| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name.trim() == key).then(|| named(value))?
        })
    };
    let of_arm = || Some(format!("CPU {} part {}", value("CPU implementer")?, value("CPU part")?));
    value("model name").or_else(of_arm)
}

/// A name in one line, without the blanks that some systems pad it with.
fn named(text: &str) -> Option<String> {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_has_the_name_that_linux_gives_it_or_its_numbers() {
        let intel =
            "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Intel(R)  Xeon(R) CPU @ 2.00GHz\nflags: a\n";
        assert_eq!(in_cpuinfo(intel).as_deref(), Some("Intel(R) Xeon(R) CPU @ 2.00GHz"));
        let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";
        assert_eq!(in_cpuinfo(arm).as_deref(), Some("CPU 0x41 part 0xd0c"));
        assert_eq!(in_cpuinfo("model name\t: \n"), None);
    }
}
