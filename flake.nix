{
  description = "pyo3-matrix: runs a PyO3 async extension on every Python, Postgres and PyO3 release that it supports";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05";
    # Python 3.9 left nixpkgs before 25.05.
    nixpkgs-python39.url = "github:NixOS/nixpkgs/nixos-24.11";
  };

  outputs =
    {
      self,
      nixpkgs,
      nixpkgs-python39,
    }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      site =
        system:
        import ./nix {
          pkgs = import nixpkgs { inherit system config; };
          older = import nixpkgs-python39 { inherit system config; };
        };
      # The matrix has versions past their end of life on purpose. nixpkgs refuses them unless this allows them.
      config.allowInsecurePredicate =
        package:
        builtins.elem (package.pname or "") [
          "postgresql"
          "python3"
        ];
      each =
        part:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = part (site system);
          }) systems
        );
    in
    {
      # nix develop
      devShells = each (site: {
        default = site.shell;
      });
      # nix build .#fraiseql-python312
      packages = each (site: site.wheels // { default = site.harness; });
      # nix run .#matrix -- run
      apps = each (site: rec {
        default = matrix;
        matrix = {
          type = "app";
          program = "${site.command}";
        };
      });
      # nix flake check
      checks = each (site: site.checks);
    };
}
