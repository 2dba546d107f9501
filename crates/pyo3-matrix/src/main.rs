//! scratch
mod cell;
mod config;
mod process;
fn main() {
    println!("{:?}", config::Config::load(None).map(|c| c.presets));
    let _ = process::Processes::start();
}
