# How does the extension become a package of one Python? In the same way as in the harness: a workspace with only the
# extension, and the line's lock as its Cargo.lock.
{
  pkgs,
  manifest,
  matrix,
  source,
  python,
  line,
}:
let
  inherit (matrix.extension) locks module;
  lock = ../. + "/${locks}/${line}.lock";
  member = dirOf matrix.extension.manifest;
in
python.pkgs.buildPythonPackage {
  pname = "fraiseql-prototype";
  version = manifest.workspace.package.version;
  pyproject = true;
  src = source "fraiseql-prototype" [ "Cargo.toml" "pyproject.toml" "crates" "python" ];
  postPatch = ''
    sed -i -e 's|^members = .*|members = ["${member}"]|' -e '/^default-members/d' Cargo.toml
    cp ${lock} Cargo.lock
    chmod u+w Cargo.lock
  '';
  cargoDeps = pkgs.rustPlatform.importCargoLock { lockFile = lock; };
  nativeBuildInputs = [
    pkgs.cargo
    pkgs.rustc
    pkgs.rustPlatform.cargoSetupHook
    pkgs.rustPlatform.maturinBuildHook
  ];
  # The tests need a server: `nix run .#matrix -- run`.
  doCheck = false;
  pythonImportsCheck = [ module ];
}
