package org.vit4j.data.shards;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.data.datasets.NaturalOrder;
import org.vit4j.io.AtomicFiles;

/**
 * Patterns of file names: braces with a range or a list ({@code train-{000..146}.tar}, {@code {train,val}.tar}), which name
 * files that must exist, and the wildcards {@code *}, {@code **}, {@code ?} and {@code [a-z]}.
 */
final class FilePatterns {
    private static final Pattern BRACES = Pattern.compile("\\{([^{}]*)}");
    private static final Pattern RANGE = Pattern.compile("(\\d+)\\.\\.(\\d+)");
    private static final int MOST_FILES = 1_000_000;

    private FilePatterns() {}

    /** Returns true if the text has braces or wildcards. */
    static boolean isPattern(String text) {
        return text.matches(".*[*?\\[{].*");
    }

    /** Directory before the first component with braces or wildcards. */
    static Path base(String pattern) {
        int special = pattern.length();
        for (char c : "*?[{".toCharArray()) {
            int at = pattern.indexOf(c);
            if (at >= 0) special = Math.min(special, at);
        }
        int slash = pattern.lastIndexOf('/', special);
        if (slash < 0) return Path.of("");
        return UserPath.of(slash == 0 ? "/" : pattern.substring(0, slash));
    }

    /**
     * Files of a pattern; those of braces in their order, those of wildcards in natural order.
     *
     * @param key of the config, for messages
     * @throws ConfigError if there is none, or one of the braces does not exist
     */
    static List<Path> files(String key, String pattern) {
        List<Path> files = new ArrayList<>();
        for (String name : expand(key, pattern)) {
            if (name.matches(".*[*?\\[].*") && !Files.exists(UserPath.of(name))) files.addAll(matches(key, name));
            else if (Files.isRegularFile(UserPath.of(name))) files.add(UserPath.of(name));
            else
                throw new ConfigError(key + ": " + name + ": does not exist"
                        + (name.equals(pattern) ? "" : "; expected" + " all files of " + pattern));
        }
        return files;
    }

    /** Texts of all combinations of the braces, the last of which varies fastest. */
    static List<String> expand(String key, String pattern) {
        Matcher braces = BRACES.matcher(pattern);
        if (!braces.find()) {
            if (pattern.contains("{") || pattern.contains("}"))
                throw new ConfigError(key + ": '" + pattern + "': braces do not match; expected {000..146} or {a,b}");
            return List.of(pattern);
        }
        String before = pattern.substring(0, braces.start());
        List<String> after = expand(key, pattern.substring(braces.end()));
        List<String> all = new ArrayList<>();
        for (String word : words(key, pattern, braces.group(1)))
            for (String rest : after) all.add(before + word + rest);
        return all;
    }

    private static List<String> words(String key, String pattern, String braces) {
        Matcher range = RANGE.matcher(braces);
        if (!range.matches()) return List.of(braces.split(",", -1));
        if (range.group(1).length() > 9 || range.group(2).length() > 9)
            throw new ConfigError(key + ": '" + pattern + "': {" + braces + "} is out of range");
        int from = Integer.parseInt(range.group(1));
        int to = Integer.parseInt(range.group(2));
        if (from > to || to - from >= MOST_FILES)
            throw new ConfigError(key + ": '" + pattern + "': {" + braces + "} is not an ascending range");
        // Leading zeros are those of the first number, as in a shell.
        int width = range.group(1).startsWith("0") ? range.group(1).length() : 1;
        List<String> words = new ArrayList<>();
        for (int i = from; i <= to; i++) words.add(String.format(Locale.ROOT, "%0" + width + "d", i));
        return words;
    }

    private static List<Path> matches(String key, String glob) {
        Path base = base(glob);
        Path start = base.toString().isEmpty() ? Path.of(".") : base;
        if (!Files.isDirectory(start)) throw new ConfigError(key + ": " + start + ": is not a directory");
        String rest = glob.substring(glob.lastIndexOf('/', firstWildcard(glob)) + 1);
        int depth = rest.contains("**")
                ? Integer.MAX_VALUE
                : (int) rest.chars().filter(c -> c == '/').count() + 1;
        try (Stream<Path> walk = Files.walk(start, depth, java.nio.file.FileVisitOption.FOLLOW_LINKS)) {
            PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + rest);
            List<Path> found = walk.filter(file -> matcher.matches(start.relativize(file)))
                    .filter(Files::isRegularFile)
                    .map(file -> base.resolve(start.relativize(file)))
                    .sorted((a, b) -> NaturalOrder.INSTANCE.compare(a.toString(), b.toString()))
                    .toList();
            if (found.isEmpty()) throw new ConfigError(key + ": " + glob + ": matches no file");
            return found;
        } catch (IOException e) {
            throw new ConfigError(key + ": " + start + ": cannot be listed: " + AtomicFiles.reason(e), e);
        } catch (UncheckedIOException e) {
            throw new ConfigError(key + ": " + start + ": cannot be listed: " + AtomicFiles.reason(e.getCause()), e);
        } catch (PatternSyntaxException e) {
            throw new ConfigError(key + ": '" + glob + "' is not a pattern: " + e.getDescription(), e);
        } catch (InvalidPathException e) {
            throw new ConfigError(key + ": '" + glob + "' is not a pattern: " + e.getReason(), e);
        }
    }

    private static int firstWildcard(String glob) {
        Matcher first = Pattern.compile("[*?\\[]").matcher(glob);
        return first.find() ? first.start() : glob.length();
    }
}
