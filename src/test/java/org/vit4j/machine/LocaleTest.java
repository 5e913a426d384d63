package org.vit4j.machine;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.ConfigError;
import org.vit4j.run.RunConfig;

/** Numbers, keywords and files do not depend on the language and encoding of the system. */
class LocaleTest {
    /** Methods that use the system's locale unless they have a locale argument. */
    private static final Set<String> FORMATS = Set.of("format", "printf", "formatted", "toLowerCase", "toUpperCase");

    private static final Set<String> FORMATTERS =
            Set.of("java.text.DecimalFormat", "java.text.SimpleDateFormat", "java.util.Formatter", "java.util.Scanner");

    @TempDir
    private Path directory;

    @Test
    void allFormatsHaveALocaleArgument() {
        var classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("org.vit4j");
        noClasses()
                .should()
                .callMethodWhere(new Unlocalized("format with the system's locale"))
                .orShould()
                .callConstructorWhere(new Unlocalized("create a formatter with the system's locale"))
                .because("output would differ between machines; pass Locale.ROOT")
                .check(classes);
    }

    private static final class Unlocalized extends DescribedPredicate<JavaAccess<?>> {
        Unlocalized(String description) {
            super(description);
        }

        @Override
        public boolean test(JavaAccess<?> access) {
            JavaCall<?> call = (JavaCall<?>) access;
            JavaClass owner = call.getTargetOwner();
            boolean format = FORMATS.contains(call.getName())
                    && (owner.isEquivalentTo(String.class)
                            || owner.isAssignableTo(java.io.PrintStream.class)
                            || owner.isAssignableTo(java.io.PrintWriter.class));
            boolean formatter =
                    FORMATTERS.contains(owner.getName()) && call.getName().equals("<init>");
            boolean localized = call.getTarget().getRawParameterTypes().stream()
                    .anyMatch(type -> type.isEquivalentTo(Locale.class));
            return (format || formatter) && !localized;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ar-EG", "tr-TR", "de-DE", "hi-IN-u-nu-deva", "fa-IR"})
    void configsAndMessagesDoNotDependOnTheLanguage(String tag) {
        List<String> expected = readings();
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag(tag));
        try {
            assertThat(readings()).isEqualTo(expected);
        } finally {
            Locale.setDefault(before);
        }
    }

    private static List<String> readings() {
        List<String> all = new ArrayList<>();
        for (String name : List.of("digits-vit", "digits-cait", "digits-levit", "models/vit_base_patch16_224")) {
            RunConfig config = RunConfig.open(name, List.of("train.optimizer.lr=1.5e-3"));
            all.add(config.resolved());
            all.add(String.valueOf(config.model().graph().parameterCount()));
        }
        for (String wrong : List.of(
                "model.dim=100",
                "model.arch=VIT",
                "train.engine=PORTABLE",
                "data.dataset=DIGITS",
                "train.schedule.name=lineIr",
                "train.spike=-1234.5")) {
            try {
                all.add(RunConfig.open("digits-vit", List.of(wrong)).resolved());
            } catch (ConfigError e) {
                all.add(e.getMessage());
            }
        }
        return all;
    }

    @Test
    void trainingOutputDoesNotDependOnTheLanguage() throws Exception {
        String small =
                "train digits-vit --set train.epochs=1 --set model.depth=1 --set model.dim=16 --set model.heads=2"
                        + " --set train.batch=256 --run " + directory + "/run";
        String[] expected = vit4j("C.UTF-8", "-Duser.language=en", small);
        assertThat(expected[0]).isEqualTo("0");
        for (String language :
                List.of("-Duser.language=ar -Duser.country=EG", "-Duser.language=tr -Duser.country=TR")) {
            String[] found = vit4j("C.UTF-8", language, small);
            assertThat(found[0]).as(found[2]).isEqualTo("0");
            assertThat(found[1]).isEqualTo(expected[1]);
        }
    }

    @Test
    void outputIsUtf8AndUnencodableFileNamesAreReportedInOneLine() throws Exception {
        Path model = directory.resolve("mod\u00e8le.yaml");
        Files.writeString(model, "extends: models/vit_tiny_patch16_224\nmodel: {arhc: \u65e5\u672c}\n");
        String[] utf8 = vit4j("C.UTF-8", "-Dx=y", "summary", model.toString());
        assertThat(utf8[0]).isEqualTo("2");
        assertThat(utf8[2]).contains("mod\u00e8le.yaml:2").contains("arhc").hasLineCount(1);
        Path plain = directory.resolve("plain.yaml");
        Files.writeString(plain, "extends: digits-vit\noutput: {dir: runs/mod\u00e8le}\n");
        String[] ascii = vit4j("C", "-Dx=y", "train", plain.toString());
        assertThat(ascii[0]).isEqualTo("2");
        assertThat(ascii[2])
                .contains("runs/mod\u00e8le")
                .contains("LC_ALL=C.UTF-8")
                .hasLineCount(1);
    }

    /** Runs a command in a new process; returns exit code, standard output and standard error. */
    private String[] vit4j(String locale, String options, String words, String... more)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options.split(" ")));
        command.addAll(List.of(
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "org.vit4j.Main"));
        Stream.concat(Arrays.stream(words.split(" ")), Arrays.stream(more)).forEach(command::add);
        File out = directory.resolve("out.txt").toFile();
        File err = directory.resolve("err.txt").toFile();
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out).redirectError(err);
        builder.environment().put("LC_ALL", locale);
        String code = String.valueOf(builder.start().waitFor());
        return new String[] {code, read(out), read(err)};
    }

    private static String read(File file) throws IOException {
        return Files.readString(file.toPath(), StandardCharsets.UTF_8);
    }
}
