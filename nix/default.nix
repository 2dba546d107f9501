# What does one system need to run the matrix? Two package sets and matrix.toml in; a shell, packages, a command and
# checks out. This file names no version: each comes from matrix.toml, or from the flake's lock.
{ pkgs, older }:
let
  matrix = builtins.fromTOML (builtins.readFile ../matrix.toml);
  manifest = builtins.fromTOML (builtins.readFile ../Cargo.toml);
  digits = builtins.replaceStrings [ "." ] [ "" ];
  variable = builtins.replaceStrings [ "." ] [ "_" ];

  # `3.12` → nixpkgs' python312, from the older set if the newer set does not have it.
  python =
    version:
    let
      name = "python${digits version}";
    in
    pkgs.${name} or older.${name} or (throw "matrix.toml wants Python ${version}; neither nixpkgs has ${name}");
  postgres =
    major:
    let
      name = "postgresql_${toString major}";
    in
    pkgs.${name} or (throw "matrix.toml wants Postgres ${toString major}; nixpkgs has no ${name}");

  # Extras are past the mission's axes, and not in the pinned nixpkgs.
  mission = builtins.filter (entry: !(entry.extra or false));
  pythons = map (entry: { inherit (entry) version; package = python entry.version; }) (mission matrix.python);
  servers = map (entry: { major = entry.version; package = postgres entry.version; }) (
    mission matrix.service.postgres.release
  );
  newest = builtins.elemAt matrix.line (builtins.length matrix.line - 1);

  # The programs that the harness prefers to any that it finds or fetches.
  variables = builtins.listToAttrs (
    map (python: {
      name = "PYO3_MATRIX_PYTHON_${variable python.version}";
      value = "${python.package}/bin/python${python.version}";
    }) pythons
    ++ map (server: {
      name = "PYO3_MATRIX_POSTGRES_${toString server.major}";
      value = "${server.package}/bin";
    }) servers
  );
  rust = [
    pkgs.cargo
    pkgs.rustc
    pkgs.clippy
    pkgs.rustfmt
  ];
  # The shell itself makes compilers available. The newest Python comes first, and is `python3`.
  path = builtins.concatStringsSep ":" (
    map (package: "${package}/bin") (
      builtins.foldl' (newer: python: [ python.package ] ++ newer) [ ] pythons ++ rust ++ [ pkgs.stdenv.cc ]
    )
  );

  source = import ./source.nix;
  harness = pkgs.rustPlatform.buildRustPackage {
    pname = "pyo3-matrix";
    version = manifest.workspace.package.version;
    src = source "pyo3-matrix" [ "Cargo.toml" "Cargo.lock" "matrix.toml" "crates" "python" ];
    cargoLock.lockFile = ../Cargo.lock;
    cargoBuildFlags = [ "--package=pyo3-matrix" ];
    # The tests start servers and build wheels; run `cargo test` in the shell for them.
    doCheck = false;
    meta.mainProgram = "pyo3-matrix";
  };
in
{
  inherit harness;

  # The Pythons are on PATH and in variables, but they are no inputs of the shell: their setup hooks would mix the
  # module paths of five versions.
  shell = pkgs.mkShell (
    variables
    // {
      packages = rust ++ [
        pkgs.maturin
        pkgs.uv
      ];
      shellHook = ''
        export PATH="${path}:$PATH"
      '';
    }
  );

  # The harness with the same environment, for any checkout from which it is called.
  command = pkgs.writeShellScript "pyo3-matrix" ''
    export PATH="${path}:$PATH"
    ${builtins.concatStringsSep "\n" (
      map (name: "export ${name}=${variables.${name}}") (builtins.attrNames variables)
    )}
    exec ${harness}/bin/pyo3-matrix "$@"
  '';

  # `fraiseql-python312`: the extension on the newest line, as a package of that Python.
  wheels = builtins.listToAttrs (
    map (python: {
      name = "fraiseql-python${digits python.version}";
      value = import ./wheel.nix {
        inherit pkgs manifest matrix source;
        python = python.package;
        line = newest.name;
      };
    }) pythons
  );

  checks = import ./checks.nix {
    inherit pkgs pythons servers manifest;
  };
}
