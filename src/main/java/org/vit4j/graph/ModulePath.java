package org.vit4j.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Path of a module, as recorded by {@link Graph#scope}: the names of the nested scopes from the network inwards. The
 * network itself has an empty path.
 */
public record ModulePath(List<String> names) {
    static final ModulePath ROOT = new ModulePath(List.of());

    public ModulePath {
        names = List.copyOf(names);
    }

    /** Module below this one; a dotted name is a path of several levels. */
    ModulePath child(String name) {
        List<String> all = new ArrayList<>(names);
        all.addAll(List.of(name.split("\\.", -1)));
        return new ModulePath(all);
    }

    /** Module of something with this name: a dotted name lies in a module below this one. */
    ModulePath moduleOf(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? this : child(name.substring(0, dot));
    }

    /** Full name of something in this module. */
    String full(String name) {
        return names.isEmpty() ? name : this + "." + name;
    }

    public boolean isRoot() {
        return names.isEmpty();
    }

    /** Number of levels. */
    public int depth() {
        return names.size();
    }

    /** The outermost {@code depth} levels. */
    public ModulePath prefix(int depth) {
        return new ModulePath(names.subList(0, depth));
    }

    /** Returns true if the last name ends with a number, as of stages and blocks: {@code stage1}, {@code blocks.3}. */
    public boolean isNumbered() {
        return !isRoot() && Character.isDigit(last().charAt(last().length() - 1));
    }

    /**
     * Outermost numbered module below the first {@code depth} levels: {@code stage1}, or {@code blocks.3} as element 3
     * of the list {@code blocks}.
     */
    public Optional<ModulePath> numberedBelow(int depth) {
        if (depth < depth() && prefix(depth + 1).isNumbered()) return Optional.of(prefix(depth + 1));
        if (depth + 1 < depth() && prefix(depth + 2).isListElement()) return Optional.of(prefix(depth + 2));
        return Optional.empty();
    }

    private boolean isListElement() {
        return last().chars().allMatch(Character::isDigit);
    }

    private String last() {
        return names.get(names.size() - 1);
    }

    @Override
    public String toString() {
        return String.join(".", names);
    }
}
