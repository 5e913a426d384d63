package org.vit4j.data;

import java.io.IOException;
import java.util.List;

/** Directories of a file system, as the folder reader needs them; paths are texts, so that it need not be the local one. */
public interface DirectoryLister {

    /** Kinds of entries, links followed. */
    enum Kind {
        FILE,
        DIRECTORY,
        BROKEN_LINK,
        /** Pipes, sockets and devices. */
        OTHER
    }

    /**
     * One entry of a directory.
     *
     * @param path of the entry, below the directory it was listed in
     * @param name the last part of the path
     */
    record Entry(String path, String name, Kind kind) {}

    /** Lists the entries of a directory, in any order. */
    List<Entry> list(String directory) throws IOException;

    /** Returns the path with all links resolved; two paths of one directory give the same. */
    String realPath(String directory) throws IOException;

    /** Returns true if the path is a directory, or a link to one. */
    boolean isDirectory(String path) throws IOException;

    /** Returns the path of an entry of a directory. */
    String resolve(String directory, String name);
}
