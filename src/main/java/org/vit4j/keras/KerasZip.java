package org.vit4j.keras;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.vit4j.config.ConfigError;
import org.vit4j.io.GitLfs;

/** A zip archive of unknown origin: nothing is read beyond what is declared, and nothing declared beyond a limit. */
final class KerasZip implements AutoCloseable {
    private static final int ENTRIES = 1000;
    private static final int BUFFER = 1 << 16;

    private final String label;
    private final ZipFile zip;
    private final Map<String, ZipEntry> entries = new LinkedHashMap<>();

    private KerasZip(String label, ZipFile zip) {
        this.label = label;
        this.zip = zip;
    }

    static KerasZip open(Path path) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new ConfigError(path + ": " + (Files.exists(path) ? "not a file" : "there is no such file"));
        }
        GitLfs.pointer(path).ifPresent(problem -> {
            throw new ConfigError(path + ": " + problem);
        });
        ZipFile zip;
        try {
            zip = new ZipFile(path.toFile());
        } catch (NoSuchFileException e) {
            throw new ConfigError(path + ": there is no such file", e);
        } catch (ZipException | IllegalArgumentException e) { // the latter: names in no known encoding
            throw new ConfigError(path + ": not a zip archive, or one cut short", e);
        }
        KerasZip opened = new KerasZip(path.toString(), zip);
        try {
            opened.index();
            return opened;
        } catch (ConfigError e) {
            zip.close();
            throw e;
        }
    }

    private void index() {
        if (zip.size() > ENTRIES) throw error(zip.size() + " entries, expected at most " + ENTRIES);
        zip.stream().forEach(entry -> {
            String name = entry.getName();
            if (unsafe(name)) throw error("entry '" + printable(name) + "' leads out of the archive");
            if (entries.put(name, entry) != null) throw error("entry '" + printable(name) + "' stands twice");
        });
    }

    private static boolean unsafe(String name) {
        boolean absolute = name.startsWith("/") || name.contains("\\") || name.contains(":");
        return absolute || List.of(name.split("/", -1)).contains("..");
    }

    /** A stranger's text must not reach a terminal as it is. */
    private static String printable(String name) {
        String clean = name.replaceAll("[^\\x20-\\x7E]", "?");
        return clean.length() > 100 ? clean.substring(0, 100) + "..." : clean;
    }

    String label() {
        return label;
    }

    Iterable<String> names() {
        return entries.keySet();
    }

    boolean has(String name) {
        return entries.containsKey(name);
    }

    /** Uncompressed, as declared. */
    long size(String name) {
        return entry(name).getSize();
    }

    /** The content of a small entry. */
    byte[] bytes(String name, int limit) throws IOException {
        if (size(name) > limit) throw error(name + " has " + size(name) + " bytes, expected at most " + limit);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream((int) size(name));
        copy(name, bytes);
        return bytes.toByteArray();
    }

    /** Copies an entry, which must be as long as declared and have the checksum it declares. */
    void copy(String name, OutputStream out) throws IOException {
        ZipEntry entry = entry(name);
        CRC32 crc = new CRC32();
        long total = 0;
        try (InputStream in = zip.getInputStream(entry)) {
            byte[] buffer = new byte[BUFFER];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                total += count;
                if (total > entry.getSize()) break;
                crc.update(buffer, 0, count);
                out.write(buffer, 0, count);
            }
        } catch (ZipException | EOFException e) {
            throw new ConfigError(label + ": " + name + " is damaged: " + e.getMessage(), e);
        }
        if (total != entry.getSize()) throw error(name + " is damaged: not as long as declared");
        if (crc.getValue() != entry.getCrc()) throw error(name + " is damaged: its checksum does not fit");
    }

    private ZipEntry entry(String name) {
        ZipEntry entry = entries.get(name);
        if (entry == null) throw error("there is no " + name + " in it");
        if (entry.getSize() < 0) throw error(name + " does not say how long it is");
        return entry;
    }

    ConfigError error(String problem) {
        return new ConfigError(label + ": " + problem);
    }

    @Override
    public void close() throws IOException {
        zip.close();
    }
}
