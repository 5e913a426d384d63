package org.vit4j.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.vit4j.io.AtomicFiles;

/** Reads text and JSON; invalid content is a {@link ConfigError} that names the file. */
public final class TextFiles {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TextFiles() {}

    /**
     * Reads a file in UTF-8.
     *
     * @throws ConfigError if it cannot be read or has another encoding
     */
    public static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new ConfigError(file + ": is not UTF-8 text; save it in that encoding", e);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read as UTF-8 text: " + AtomicFiles.reason(e), e);
        }
    }

    /**
     * Parses a JSON object.
     *
     * @param where origin of the text, for messages
     * @throws ConfigError if the text is not a JSON object
     */
    public static JsonNode jsonObject(String text, String where) {
        try {
            JsonNode node = JSON.readTree(text);
            if (node.isObject()) return node;
        } catch (JsonProcessingException e) {
            // A message about the end of the text goes on with the internals of the parser.
            String reason = e.getOriginalMessage().replaceFirst(" \\(start marker at .*", "");
            throw new ConfigError(where + ": not valid JSON: " + reason, e);
        }
        throw new ConfigError(where + ": not valid JSON: expected an object");
    }
}
