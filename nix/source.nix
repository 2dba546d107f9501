# Which files is a package made from? Names at the checkout's root in, a store path with only these out, so that an edit
# of any other file rebuilds nothing.
name: parts:
builtins.path {
  inherit name;
  path = ../.;
  filter =
    path: type:
    let
      root = toString ../. + "/";
      inside = builtins.substring (builtins.stringLength root) (-1) path;
      top = builtins.head (builtins.split "/" inside);
    in
    builtins.elem top parts && builtins.baseNameOf path != "__pycache__";
}
