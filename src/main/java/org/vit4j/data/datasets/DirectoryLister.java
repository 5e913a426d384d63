package org.vit4j.data.datasets;

import java.io.IOException;
import java.util.List;

/** Access to the directories of a local or remote file system; paths are strings so that HDFS paths work too. */
public interface DirectoryLister {

    /** Kinds of entries, after links are followed. */
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
     * @param path path of the directory with the name appended
     * @param name last component of the path
     */
    record Entry(String path, String name, Kind kind) {}

    /** Lists the entries of a directory, in any order. */
    List<Entry> list(String directory) throws IOException;

    /** Returns the path with all links resolved, which identifies a directory. */
    String realPath(String directory) throws IOException;

    /** Returns true if the path is a directory, or a link to one. */
    boolean isDirectory(String path) throws IOException;

    /** Returns the path of an entry of a directory. */
    String resolve(String directory, String name);
}
