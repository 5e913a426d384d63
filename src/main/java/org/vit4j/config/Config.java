package org.vit4j.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/**
 * A whole YAML file: what it {@code extends} merged in, overrides applied, ready to be read section by section.
 *
 * <p>Names are looked up beside the file first, then among the packaged configs; {@code .yaml} may be left out.
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
     * @throws ConfigError when it does not exist, is no YAML, or extends itself
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
     * The config a run directory holds, which has everything in it, with overrides.
     *
     * @param name of the config the run was started with
     * @throws ConfigError when the file cannot be read
     */
    public static Config ofRun(Path file, String name, List<String> overrides) {
        return new Config(name, merged(new ConfigSource(file.toString(), read(file), file), overrides));
    }

    /**
     * The config inside a saved model or a run, which has everything in it and so names no file that would be looked for.
     *
     * @throws ConfigError when it extends another
     */
    public static Config whole(String text, String label) {
        Yaml.YamlMapping yaml = mapping(text, label);
        if (yaml.entries().containsKey("extends")) {
            throw new ConfigError(
                    yaml.keyWhere().get("extends") + ": extends: what is saved must be whole, without it");
        }
        return new Config(label, yaml);
    }

    /** A config from text. */
    public static Config parse(String text, String label) {
        return parse(text, label, List.of());
    }

    /** The same with overrides, as of {@link #open}. */
    public static Config parse(String text, String label, List<String> overrides) {
        return read(new ConfigSource(label, text, null), overrides);
    }

    private static Config read(ConfigSource source, List<String> overrides) {
        return new Config(source.name(), merged(source, overrides));
    }

    private static Yaml.YamlMapping merged(ConfigSource source, List<String> overrides) {
        Yaml.YamlMapping yaml = load(source, new LinkedHashSet<>());
        for (String override : overrides) yaml = Yaml.merge(yaml, LegacyKeys.upgrade(SetOption.parse(override)));
        return yaml;
    }

    /** Without directory and ending: what a model made from it is called. */
    public String name() {
        String file = name.substring(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
        return file.replaceFirst("\\.ya?ml$", "");
    }

    public Section root() {
        return root;
    }

    /** @throws ConfigError with every problem found, a line each */
    public void finish() {
        root.rejectUnknownKeys();
        check();
    }

    /** The same of what was read so far, for one who reads a part: what the rest holds is not asked. */
    public void check() {
        if (!problems.isEmpty()) throw ConfigError.of(problems);
    }

    /** The config in full, defaults included, as YAML that reads back to the same. */
    public String resolved() {
        DumpSettings settings = DumpSettings.builder()
                .setDefaultFlowStyle(FlowStyle.AUTO)
                .setIndent(2)
                .setWidth(120)
                .build();
        return new Dump(settings).dumpToString(root.resolved());
    }

    /** Every value of a YAML text by its path, in order: what two configs are compared by. */
    public static Map<String, String> values(String text, String label) {
        Map<String, String> values = new LinkedHashMap<>();
        Yaml yaml = Yaml.parse(text, label);
        if (yaml instanceof Yaml.YamlMapping root) LegacyKeys.upgrade(root);
        Yaml.flatten(yaml, "", values);
        return values;
    }

    /** @param file null for a packaged config or for text */
    private record ConfigSource(String name, String text, Path file) {}

    private static Yaml.YamlMapping mapping(String text, String label) {
        if (Yaml.parse(text, label) instanceof Yaml.YamlMapping yaml) {
            // A place for anchors that several sections use; not part of the config.
            yaml.entries().keySet().removeIf(key -> key.startsWith("x-"));
            return LegacyKeys.upgrade(yaml);
        }
        throw new ConfigError(label + ":1: expected keys such as 'model:', got something else");
    }

    private static Yaml.YamlMapping load(ConfigSource source, Set<String> seen) {
        if (!seen.add(source.name())) {
            throw new ConfigError(source.name() + ": extends itself: " + String.join(" -> ", seen));
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
        Path beside = parent == null ? Path.of("") : parent;
        for (String ending : List.of("", ".yaml", ".yml")) {
            Path file = beside.resolve(UserPath.of(nameOrPath + ending));
            if (Files.isRegularFile(file)) {
                return new ConfigSource(file.toString(), read(file), file);
            }
        }
        String bare = nameOrPath.replaceFirst("^(\\./)?configs/", "").replaceFirst("\\.ya?ml$", "");
        for (String place : List.of(bare, "models/" + bare, "recipes/" + bare)) {
            try (InputStream in = Config.class.getResourceAsStream(PACKAGED + place + ".yaml")) {
                if (in != null) {
                    String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                    return new ConfigSource("configs/" + place + ".yaml", text, null);
                }
            } catch (IOException e) {
                throw new ConfigError(place + ": cannot be read: " + e.getMessage(), e);
            }
        }
        if (Files.isDirectory(beside.resolve(UserPath.of(nameOrPath)))) {
            throw new ConfigError("'" + nameOrPath + "' is a directory; expected a YAML file or the name of a variant");
        }
        throw new ConfigError("no config '" + nameOrPath + "': neither a file nor the name of a packaged config"
                + Suggestions.hint(bare, ConfigCatalog.names()));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read as UTF-8 text: " + e.getMessage(), e);
        }
    }
}
