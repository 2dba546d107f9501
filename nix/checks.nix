# Do the packages have the versions of matrix.toml? Every version is compared while the check is evaluated; the build
# only makes an empty file.
{
  pkgs,
  pythons,
  servers,
  manifest,
}:
let
  begins =
    what: package: version:
    if builtins.match "${builtins.replaceStrings [ "." ] [ "\\." ] version}([^0-9].*)?" package.version == null then
      throw "nixpkgs' ${what} is ${package.version}, expected ${version}"
    else
      package.version;
  needed = manifest.workspace.package.rust-version;
  rust =
    if builtins.compareVersions pkgs.rustc.version needed < 0 then
      throw "nixpkgs' rustc is ${pkgs.rustc.version}, and the workspace needs ${needed}"
    else
      pkgs.rustc.version;
  found =
    map (python: "Python ${begins "Python" python.package python.version}") pythons
    ++ map (server: "Postgres ${begins "Postgres" server.package (toString server.major)}") servers
    ++ [ "rustc ${rust}" ];
in
{
  versions = pkgs.runCommand "versions" { } ''
    echo '${builtins.concatStringsSep "\n" found}' > $out
  '';
}
