package org.vit4j.distributed;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.vit4j.data.datasets.DirectoryLister;
import org.vit4j.data.datasets.LocalDirectories;

/**
 * Directories on any file system that Spark reads. Those of this machine ({@code file:}) are listed by
 * {@link LocalDirectories}, since Hadoop drops broken links; other file systems have no links.
 */
final class HadoopDirectories implements DirectoryLister {
    private final LocalDirectories local = new LocalDirectories();

    private static boolean isLocal(String path) throws IOException {
        return HadoopFiles.system(path).getUri().getScheme().equals("file");
    }

    /** Local path of {@code file:/x}, {@code file:///x} or a path without a scheme. */
    private static String local(String path) {
        return new Path(path).toUri().getPath();
    }

    private static String uri(String localPath) {
        return "file:" + java.nio.file.Path.of(localPath).toAbsolutePath();
    }

    @Override
    public List<Entry> list(String directory) throws IOException {
        List<Entry> entries = new ArrayList<>();
        if (isLocal(directory)) {
            for (Entry entry : local.list(local(directory))) {
                entries.add(new Entry(uri(entry.path()), entry.name(), entry.kind()));
            }
            return entries;
        }
        for (FileStatus status : HadoopFiles.system(directory).listStatus(new Path(directory))) {
            Kind kind = status.isDirectory() ? Kind.DIRECTORY : status.isFile() ? Kind.FILE : Kind.OTHER;
            entries.add(new Entry(status.getPath().toString(), status.getPath().getName(), kind));
        }
        return entries;
    }

    @Override
    public String realPath(String directory) throws IOException {
        if (isLocal(directory)) return local.realPath(local(directory));
        FileSystem system = HadoopFiles.system(directory);
        URI uri = system.resolvePath(new Path(directory)).toUri();
        return uri.toString();
    }

    @Override
    public boolean isDirectory(String path) throws IOException {
        if (isLocal(path)) return local.isDirectory(local(path));
        FileSystem system = HadoopFiles.system(path);
        Path there = new Path(path);
        return system.exists(there) && system.getFileStatus(there).isDirectory();
    }

    @Override
    public String resolve(String directory, String name) {
        return directory.endsWith("/") ? directory + name : directory + "/" + name;
    }
}
