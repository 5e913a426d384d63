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
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.vit4j.config.ConfigError;
import org.vit4j.io.FileFormats;
import org.vit4j.io.GitLfs;

/** Reader for untrusted zip archives. Limits declared sizes, and reads no more than declared. */
final class KerasZip implements AutoCloseable {
    private static final int MAX_ENTRIES = 1000;
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
        } catch (ZipException | IllegalArgumentException e) { // the latter: invalid encoding of names
            String problem = FileFormats.ofModel(path)
                    .filter(format -> !path.toString().toLowerCase(Locale.ROOT).endsWith(".keras"))
                    .map(format -> "is " + format + "; expected a .keras file")
                    .orElse(
                            String.valueOf(e.getMessage()).contains("compression method")
                                    ? "entries have another compression than deflate; write the archive again with it"
                                    : "not a zip archive, or truncated");
            throw new ConfigError(path + ": " + problem, e);
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
        if (zip.size() > MAX_ENTRIES) throw error(zip.size() + " entries, expected at most " + MAX_ENTRIES);
        zip.stream().forEach(entry -> {
            String name = entry.getName();
            if (unsafe(name)) throw error("entry '" + printable(name) + "' is outside the archive");
            if (entries.put(name, entry) != null) throw error("duplicate entry '" + printable(name) + "'");
        });
    }

    private static boolean unsafe(String name) {
        boolean absolute = name.startsWith("/") || name.contains("\\") || name.contains(":");
        return absolute || List.of(name.split("/", -1)).contains("..");
    }

    /** Removes control characters, which a terminal would interpret. */
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

    /** Declared uncompressed size in bytes. */
    long size(String name) {
        return entry(name).getSize();
    }

    /** Content of an entry of at most {@code limit} bytes. */
    byte[] bytes(String name, int limit) throws IOException {
        if (size(name) > limit) throw error(name + " has " + size(name) + " bytes, expected at most " + limit);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream((int) size(name));
        copy(name, bytes);
        return bytes.toByteArray();
    }

    /** Copies an entry and checks its declared length and checksum. */
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
        if (total != entry.getSize()) throw error(name + " is damaged: wrong length");
        if (crc.getValue() != entry.getCrc()) throw error(name + " is damaged: wrong checksum");
    }

    private ZipEntry entry(String name) {
        ZipEntry entry = entries.get(name);
        if (entry == null) throw error("missing entry " + name);
        if (entry.getSize() < 0) throw error(name + " has no declared length");
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
