package org.vit4j.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.FileFormats;

/**
 * A YAML config with its base configs ({@code extends}) merged in and overrides applied; read section by section.
 *
 * <p>Names are looked up first next to the file, then among the packaged configs; {@code .yaml} may be omitted.
 */
public final class Config {
    private static final String PACKAGED = "/configs/";

    private final String name;
    private final Section root;
    private final List<String> problems = new ArrayList<>();

    private Config(String name, Yaml.YamlMapping yaml) {
        this.name = name;
        this.root = new Section(yaml, "", problems);
    }

    /**
     * Opens a config.
     *
     * @param nameOrPath a file, or a packaged config by name: {@code digits-vit}, {@code vit_tiny_patch16_224}
     * @param overrides {@code path=value}, which win over the file: {@code train.epochs=3}
     * @throws ConfigError if it does not exist, is not valid YAML, or extends itself
     */
    public static Config open(String nameOrPath, List<String> overrides) {
        ConfigSource source = find(nameOrPath, null);
        return read(source, overrides);
    }

    /** Returns true if {@link #open} would find a file or a packaged config of this name. */
    public static boolean exists(String nameOrPath) {
        try {
            find(nameOrPath, null);
            return true;
        } catch (ConfigError e) {
            return false;
        }
    }

    /**
     * Opens the resolved config in a run directory, with overrides.
     *
     * @param name name of the config that the run was started with
     * @throws ConfigError if the file cannot be read
     */
    public static Config ofRun(Path file, String name, List<String> overrides) {
        return new Config(name, merged(new ConfigSource(file.toString(), TextFiles.read(file), file), overrides));
    }

    /**
     * Parses the resolved config of a saved model or a run, which must not refer to other files.
     *
     * @throws ConfigError if it has {@code extends}
     */
    public static Config parseSaved(String text, String label) {
        return parseSaved(text, label, List.of());
    }

    /** Like {@link #parseSaved(String, String)}, with overrides. */
    public static Config parseSaved(String text, String label, List<String> overrides) {
        Yaml.YamlMapping yaml = mapping(text, label);
        if (yaml.entries().containsKey("extends")) {
            throw new ConfigError(yaml.keyWhere().get("extends") + ": extends: not allowed in a saved config");
        }
        return new Config(label, overridden(yaml, overrides));
    }

    /** Parses a config. */
    public static Config parse(String text, String label) {
        return parse(text, label, List.of());
    }

    /** Parses a config and applies overrides, as {@link #open} does. */
    public static Config parse(String text, String label, List<String> overrides) {
        return read(new ConfigSource(label, text, null), overrides);
    }

    private static Config read(ConfigSource source, List<String> overrides) {
        return new Config(source.name(), merged(source, overrides));
    }

    private static Yaml.YamlMapping merged(ConfigSource source, List<String> overrides) {
        return overridden(load(source, new LinkedHashMap<>()), overrides);
    }

    private static Yaml.YamlMapping overridden(Yaml.YamlMapping config, List<String> overrides) {
        Yaml.YamlMapping yaml = config;
        for (String override : overrides) yaml = Yaml.merge(yaml, LegacyKeys.upgrade(SetOption.parse(override)));
        return yaml;
    }

    /** File name without directory and extension; used as the name of the model. */
    public String name() {
        String file = name.substring(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
        return file.replaceFirst("\\.ya?ml$", "");
    }

    public Section root() {
        return root;
    }

    /**
     * Rejects keys that were not read.
     *
     * @throws ConfigError with all problems found, one per line
     */
    public void finish() {
        root.rejectUnknownKeys();
        check();
    }

    /** Like {@link #finish}, but ignores unknown keys; for callers that read part of the file. */
    public void check() {
        if (!problems.isEmpty()) throw ConfigError.of(problems);
    }

    /** The complete config with all defaults, as YAML that parses to an equal config. */
    public String resolved() {
        DumpSettings settings = DumpSettings.builder()
                .setDefaultFlowStyle(FlowStyle.AUTO)
                .setIndent(2)
                .setWidth(120)
                .build();
        return new Dump(settings).dumpToString(root.resolved());
    }

    /** Values of a YAML text by path, in file order; for comparing configs. */
    public static Map<String, String> values(String text, String label) {
        Map<String, String> values = new LinkedHashMap<>();
        Yaml yaml = Yaml.parse(text, label);
        if (yaml instanceof Yaml.YamlMapping root) LegacyKeys.upgrade(root);
        Yaml.flatten(yaml, "", values);
        return values;
    }

    /** @param file null for a packaged config or for text */
    private record ConfigSource(String name, String text, Path file) {
        /** Equal for all paths of a file. */
        String identity() {
            try {
                return file == null ? name : file.toRealPath().toString();
            } catch (IOException e) {
                throw new ConfigError(file + ": cannot be read: " + AtomicFiles.reason(e), e);
            }
        }
    }

    private static Yaml.YamlMapping mapping(String text, String label) {
        if (Yaml.parse(text, label) instanceof Yaml.YamlMapping yaml) {
            // Keys x-* hold anchors for other sections and are not part of the config.
            yaml.entries().keySet().removeIf(key -> key.startsWith("x-"));
            return LegacyKeys.upgrade(yaml);
        }
        throw new ConfigError(label + ":1: expected keys such as 'model:'");
    }

    /** @param seen names of the configs that extend this one, by their identity */
    private static Yaml.YamlMapping load(ConfigSource source, Map<String, String> seen) {
        if (seen.putIfAbsent(source.identity(), source.name()) != null) {
            throw new ConfigError(source.name() + ": extends itself: " + String.join(" -> ", seen.values()));
        }
        Yaml.YamlMapping yaml = mapping(source.text(), source.name());
        Yaml base = yaml.entries().remove("extends");
        if (base == null) return yaml;
        if (!(base instanceof Yaml.YamlScalar baseName)) {
            throw new ConfigError(base.where() + ": extends: expected one name, got " + Yaml.shown(base));
        }
        ConfigSource found;
        try {
            found = find(baseName.text(), source.file());
        } catch (ConfigError e) {
            throw new ConfigError(base.where() + ": extends: " + e.getMessage(), e);
        }
        return Yaml.merge(load(found, seen), yaml);
    }

    private static ConfigSource find(String nameOrPath, Path from) {
        Path parent = from == null ? null : from.getParent();
        Path directory = parent == null ? Path.of("") : parent;
        for (String ending : List.of("", ".yaml", ".yml")) {
            Path file = directory.resolve(UserPath.of(nameOrPath + ending));
            if (Files.isRegularFile(file)) {
                FileFormats.ofModel(file).ifPresent(format -> {
                    throw new ConfigError(file + ": is " + format + "; expected a YAML file or the name of a config");
                });
                return new ConfigSource(file.toString(), TextFiles.read(file), file);
            }
        }
        String bare = nameOrPath.replaceFirst("^(\\./)?configs/", "").replaceFirst("\\.ya?ml$", "");
        for (String path : List.of(bare, "models/" + bare, "recipes/" + bare)) {
            try (InputStream in = Config.class.getResourceAsStream(PACKAGED + path + ".yaml")) {
                if (in != null) {
                    String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                    return new ConfigSource("configs/" + path + ".yaml", text, null);
                }
            } catch (IOException e) {
                throw new ConfigError(path + ": cannot be read: " + e.getMessage(), e);
            }
        }
        if (Files.isDirectory(directory.resolve(UserPath.of(nameOrPath)))) {
            throw new ConfigError("'" + nameOrPath + "' is a directory; expected a YAML file or the name of a variant");
        }
        if (Files.exists(directory.resolve(UserPath.of(nameOrPath))))
            throw new ConfigError(
                    "'" + nameOrPath + "' is a pipe or device; expected a YAML file, or the name of a variant");
        throw new ConfigError("no config '" + nameOrPath + "': neither a file nor the name of a packaged config"
                + Suggestions.hint(bare, ConfigCatalog.names()));
    }
}
