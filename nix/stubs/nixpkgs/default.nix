# As little of nixpkgs as the flake uses. What is "built" here is a link to a program of this machine, or made by this
# machine's own cargo and maturin: it shows that the flake evaluates, what it sets, and that the harness runs in it, and
# nothing about nixpkgs. `machine.json`, written by scripts/nix-check, says where those programs are.
{
  system,
  config ? { },
}:
let
  machine = builtins.fromJSON (builtins.readFile ./machine.json);
  run =
    name: attributes: script:
    derivation (
      {
        PATH = machine.path;
      }
      // attributes
      // {
        inherit name system;
        builder = machine.bash;
        # Nix takes the end of the output for the end of the build, and kills what is left: bash has to outlive the last
        # program instead of becoming it.
        args = [
          "-euc"
          "${script}\n:"
        ];
      }
    );
  # A package of this machine's programs: `bin`, and what stands beside it.
  linked =
    pname: version: prefix:
    run "${pname}-${version}" { inherit pname version; } "mkdir $out; ln -s ${prefix}/* $out/";
  programs =
    name: version: paths:
    run "${name}-${version}" { inherit version; } "mkdir -p $out/bin; ln -s ${builtins.concatStringsSep " " paths} $out/bin/";
  rust = name: programs name machine.rust.version [ "${machine.rust.bin}/${name}*" ];
  source = src: "cp -r ${src} source; chmod -R u+w source; cd source; export CARGO_HOME=${machine.cargo_home};";
  named =
    prefix: make: table:
    builtins.listToAttrs (
      map (key: {
        name = prefix + key;
        value = make table.${key};
      }) (builtins.attrNames table)
    );

  python =
    { version, prefix }:
    let
      package = linked "python3" version prefix;
      interpreter = "${package}/bin/python3";
    in
    package
    // {
      inherit version;
      pname = "python3";
      pkgs.buildPythonPackage =
        arguments:
        run "${arguments.pname}-${arguments.version}" { } ''
          ${source arguments.src}
          ${arguments.postPatch}
          export PATH=${machine.rust.bin}:$PATH CARGO_TARGET_DIR=$PWD/target
          ${machine.maturin} build --frozen --release --manylinux off --interpreter ${interpreter} --out dist
          site=$out/lib/$(${interpreter} -c 'import sys; print("python%d.%d" % sys.version_info[:2])')/site-packages
          mkdir -p $site
          ${interpreter} -m zipfile -e dist/*.whl $site
          ${builtins.concatStringsSep "\n" (
            map (module: "PYTHONPATH=$site ${interpreter} -c 'import ${module}'") arguments.pythonImportsCheck
          )}
        '';
    };
  postgres = { version, prefix }: linked "postgresql" version prefix // { inherit version; pname = "postgresql"; };
in
named "python" python machine.pythons
// named "postgresql_" postgres machine.postgres
// {
  cargo = rust "cargo";
  rustc = rust "rustc" // {
    inherit (machine.rust) version;
  };
  clippy = rust "clippy";
  rustfmt = rust "rustfmt";
  maturin = programs "maturin" "0" [ machine.maturin ];
  uv = programs "uv" "0" [ machine.uv ];
  bashInteractive = programs "bash" "0" [ machine.bash ];
  stdenv.cc = programs "cc" "0" [ machine.cc ];

  runCommand = run;
  writeShellScript =
    name: text:
    run name { text = "#!${machine.bash}\n${text}"; } ''printf '%s' "$text" > $out; chmod +x $out'';
  mkShell =
    arguments:
    run "shell" (
      arguments
      // {
        outputs = [ "out" ];
        stdenv = run "stdenv" { } ''
          mkdir $out
          echo 'for package in $packages; do PATH=$package/bin:$PATH; done; export PATH' > $out/setup
        '';
      }
    ) "exit 1";

  rustPlatform = {
    importCargoLock = { lockFile }: lockFile;
    cargoSetupHook = "";
    maturinBuildHook = "";
    buildRustPackage =
      arguments:
      run "${arguments.pname}-${arguments.version}" { } ''
        ${source arguments.src}
        export PATH=${machine.rust.bin}:$PATH CARGO_TARGET_DIR=$PWD/target
        cargo build --frozen ${builtins.concatStringsSep " " arguments.cargoBuildFlags}
        mkdir -p $out/bin
        cp target/debug/${arguments.meta.mainProgram} $out/bin/
      '';
  };
}
