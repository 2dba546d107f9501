{
  description = "Stands in for nixpkgs where none can be fetched: the attributes that this flake uses, around this machine's programs";
  outputs = { self }: { };
}
