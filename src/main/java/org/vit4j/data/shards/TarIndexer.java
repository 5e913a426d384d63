package org.vit4j.data.shards;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Suggestions;
import org.vit4j.data.image.ImageFormats;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.GitLfs;

/**
 * Reads the headers of a tar file in one pass, and the labels.
 *
 * <p>As webdataset does, it ignores members without a dot in their name, links, and names such as {@code __meta__.json}.
 */
final class TarIndexer {
    /** Files about a shard: those in a first directory such as {@code __meta__}, as in webdataset, and {@code __meta__.json}. */
    private static final Pattern METADATA = Pattern.compile("__[^/]*__($|/|\\.json$)");

    private static final int BLOCK = 512;
    private static final int PADDING = 1 << 20;

    /** A member of a sample. */
    record TarMember(String name, long offset, long length) {}

    private final Path file;
    private final Optional<String> imageExtension;
    private final Optional<TarLabels> labelReader;

    private final NameList.NameListBuilder names = new NameList.NameListBuilder();
    private final List<TarMember> images = new ArrayList<>();
    private final List<String> labels = new ArrayList<>();
    private final Set<String> keys = new HashSet<>();
    private String key = "";
    private final TreeMap<String, TarMember> sample = new TreeMap<>(); // by extension

    /** @param labels reader of the labels; empty if they are not needed */
    TarIndexer(Path file, ShardConfig config, Optional<TarLabels> labels) {
        this.file = file;
        this.imageExtension = config.imageColumn().map(TarIndexer::extension);
        this.labelReader = labels;
    }

    static String extension(String written) {
        return (written.startsWith(".") ? written.substring(1) : written).toLowerCase(Locale.ROOT);
    }

    TarShard index() {
        GitLfs.pointer(file).ifPresent(pointer -> {
            throw new ConfigError(file + ": " + pointer);
        });
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (isCompressed(channel))
                throw new ConfigError(file + ": is compressed; unpack it with gunzip, zstd -d or similar");
            long end = 0;
            try (TarFile tar = new TarFile(file)) {
                for (TarArchiveEntry entry : tar.getEntries()) end = Math.max(end, add(channel, entry));
            }
            checkEnd(channel, end);
            finishSample(channel);
        } catch (NoSuchFileException e) {
            throw new ConfigError(file + ": does not exist", e);
        } catch (IOException | IllegalArgumentException e) {
            String reason = e instanceof IOException io ? AtomicFiles.reason(io) : e.getMessage();
            throw new ConfigError(
                    file + ": is truncated or not a tar file: " + reason + "; write or download it again", e);
        }
        if (images.isEmpty()) throw new ConfigError(file + ": has no samples; remove it");
        return new TarShard(
                file,
                LabelValues.ofTexts(labels),
                names.build(),
                images.stream().mapToLong(TarMember::offset).toArray(),
                images.stream().mapToInt(image -> (int) image.length).toArray());
    }

    /** First bytes of gzip, Zstandard, bzip2 and xz. */
    private static boolean isCompressed(FileChannel channel) throws IOException {
        if (channel.size() < 4) return false;
        byte[] b = TarShard.readFully(channel, 0, 4);
        int start = ((b[0] & 0xFF) << 16) | ((b[1] & 0xFF) << 8) | (b[2] & 0xFF);
        return start >> 8 == 0x1F8B || start == 0x28B52F || start == 0x425A68 || start == 0xFD377A;
    }

    /** @return position after the content of the entry */
    private long add(FileChannel channel, TarArchiveEntry entry) throws IOException {
        if (!entry.isCheckSumOK())
            throw new ConfigError(file + ": is truncated or corrupt: wrong checksum of a header after "
                    + (key.isEmpty() ? "the beginning" : "sample '" + key + "'") + "; write or download it again");
        if (!entry.isFile() || entry.isLink() || entry.isSymbolicLink()) return Math.max(0, entry.getDataOffset());
        String name = entry.getName();
        if (entry.isSparse()) throw new ConfigError(file + ": " + name + " is a sparse file, which is not supported");
        long offset = entry.getDataOffset();
        long end = offset + entry.getSize();
        if (offset < 0 || end > channel.size())
            throw new ConfigError(file + ": is truncated in " + name + "; write or download it again");
        int slash = name.lastIndexOf('/');
        int dot = name.indexOf('.', slash + 1);
        if (dot <= slash + 1 || METADATA.matcher(name).lookingAt()) return end;
        String of = name.substring(0, dot);
        if (!of.equals(key)) {
            finishSample(channel);
            if (!keys.add(of))
                throw new ConfigError(file + ": the files of sample '" + of
                        + "' are not next to each other; write the shard sorted by name (tar --sort=name)");
            key = of;
        }
        String extension = name.substring(dot + 1).toLowerCase(Locale.ROOT);
        if (sample.put(extension, new TarMember(name, offset, entry.getSize())) != null)
            throw new ConfigError(file + ": duplicate member " + name);
        return end;
    }

    private void finishSample(FileChannel channel) throws IOException {
        if (sample.isEmpty()) return;
        TarMember image = image();
        if (image.length > Integer.MAX_VALUE - 8)
            throw new ConfigError(file + "/" + image.name + ": has " + image.length + " bytes, which is too much");
        names.add(image.name);
        images.add(image);
        if (labelReader.isPresent()) labels.add(labelReader.get().read(channel, key, sample));
        sample.clear();
    }

    private TarMember image() {
        if (imageExtension.isPresent()) {
            TarMember found = sample.get(imageExtension.get());
            if (found != null) return found;
            throw problem("has no ." + imageExtension.get() + Suggestions.hint(imageExtension.get(), sample.keySet()));
        }
        List<String> found = sample.keySet().stream()
                .filter(extension -> extension.indexOf('.') < 0 && ImageFormats.isImage("x." + extension))
                .toList();
        if (found.size() == 1) return sample.get(found.get(0));
        if (found.isEmpty())
            throw problem("has no image (it has " + extensions() + "); expected one such as .jpg, .png or .webp, or set"
                    + " data.image_column, or --image-column of predict, to the extension");
        throw problem("has several images (" + extensions()
                + "); set data.image_column, or --image-column of predict, to the extension of one");
    }

    private String extensions() {
        return TarLabels.extensions(sample);
    }

    private ConfigError problem(String text) {
        return new ConfigError(file + ": sample '" + key + "' " + text);
    }

    private void checkEnd(FileChannel channel, long end) throws IOException {
        long size = channel.size();
        long from = (end + BLOCK - 1) / BLOCK * BLOCK;
        if (from + BLOCK > size)
            throw new ConfigError(
                    file + ": ends without the marker of its end: it is truncated, or still being written");
        byte[] rest = TarShard.readFully(channel, from, (int) Math.min(PADDING, size - from));
        int marker = 0;
        while (marker < rest.length && rest[marker] == 0) marker++;
        if (marker == rest.length) return;
        if (marker < BLOCK && size - from < PADDING)
            throw new ConfigError(file + ": is truncated after sample '" + key + "'; write or download it again");
        throw new ConfigError(
                file + ": has data after the marker of its end, such as a second tar file; write it again" + " as one");
    }
}
