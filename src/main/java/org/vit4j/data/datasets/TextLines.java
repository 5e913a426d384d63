package org.vit4j.data.datasets;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vit4j.config.ConfigError;

/**
 * Reads text files of names, one per line, with any line ending. Blank lines, spaces around a name and a byte order mark are
 * dropped. The encoding is UTF-8, or UTF-16 if the file has its byte order mark.
 */
public final class TextLines {
    private TextLines() {}

    /** @throws ConfigError if the file is missing or is not text */
    public static List<String> read(Path file) {
        if (!Files.exists(file)) throw new ConfigError(file + ": does not exist");
        if (Files.isDirectory(file)) throw new ConfigError(file + ": is a directory; expected a text file");
        try {
            return of(file.toString(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + org.vit4j.io.AtomicFiles.reason(e), e);
        }
    }

    /**
     * Reads unique names, such as those of classes.
     *
     * @throws ConfigError if there is no name, or a duplicate
     */
    public static List<String> distinct(Path file) {
        List<String> names = read(file);
        if (names.isEmpty()) throw new ConfigError(file + ": is empty; expected one name per line");
        Map<String, Integer> indices = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            Integer first = indices.put(names.get(i), i);
            if (first != null) {
                throw new ConfigError(file + ": duplicate name '" + names.get(i) + "' (names " + (first + 1) + " and "
                        + (i + 1) + ")");
            }
        }
        return names;
    }

    /**
     * Reads the content of a text file.
     *
     * @param file name for messages
     * @throws ConfigError if it is not text
     */
    public static List<String> of(String file, byte[] bytes) {
        return all(file, bytes).stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    /** Reads all lines of a text file, blank ones included. */
    static List<String> all(String file, byte[] bytes) {
        Charset charset = StandardCharsets.UTF_8;
        int mark = 0;
        if (starts(bytes, 0xEF, 0xBB, 0xBF)) mark = 3;
        else if (starts(bytes, 0xFF, 0xFE)) {
            charset = StandardCharsets.UTF_16LE;
            mark = 2;
        } else if (starts(bytes, 0xFE, 0xFF)) {
            charset = StandardCharsets.UTF_16BE;
            mark = 2;
        }
        try {
            String text = charset.newDecoder()
                    .decode(ByteBuffer.wrap(bytes, mark, bytes.length - mark))
                    .toString();
            return text.lines().toList();
        } catch (CharacterCodingException e) {
            throw new ConfigError(file + ": is not text in UTF-8; save it as UTF-8", e);
        }
    }

    private static boolean starts(byte[] bytes, int... mark) {
        if (bytes.length < mark.length) return false;
        for (int i = 0; i < mark.length; i++) if ((bytes[i] & 0xFF) != mark[i]) return false;
        return true;
    }
}
