# The R kernel: takes cells on descriptor 3, says what becomes of them on descriptor 4.

local({
  commands <- fifo("/dev/fd/3", "rb", blocking = TRUE)
  events <- fifo("/dev/fd/4", "wb", blocking = TRUE)
  figures <- tempfile("drowse-figures-")
  dir.create(figures)
  alphabet <- c(LETTERS, letters, 0:9, "+", "/")

  decode <- function(text) {
    units <- match(strsplit(sub("=+$", "", text), "")[[1]], alphabet) - 1L
    if (length(units) == 0) return("")
    bits <- matrix(as.integer(intToBits(units)), 32)[6:1, , drop = FALSE]
    bits <- bits[seq_len(8 * ((6 * length(units)) %/% 8))]
    bytes <- as.raw(colSums(matrix(bits, 8) * 2L^(7:0)))
    text <- rawToChar(bytes[bytes != 0])
    Encoding(text) <- "UTF-8"
    text
  }

  encode <- function(bytes) {
    size <- length(bytes)
    if (size == 0) return("")
    padding <- (3 - size %% 3) %% 3
    bytes <- as.integer(c(bytes, as.raw(rep(0, padding))))
    triples <- matrix(bytes, 3)
    units <- rbind(
      triples[1, ] %/% 4,
      triples[1, ] %% 4 * 16 + triples[2, ] %/% 16,
      triples[2, ] %% 16 * 4 + triples[3, ] %/% 64,
      triples[3, ] %% 64
    )
    letters <- alphabet[units + 1]
    if (padding > 0) letters[length(letters) - seq_len(padding) + 1] <- "="
    paste(letters, collapse = "")
  }

  json <- function(text) {
    text <- enc2utf8(paste(text, collapse = "\n"))
    text <- gsub("\\", "\\\\", text, fixed = TRUE)
    text <- gsub("\"", "\\\"", text, fixed = TRUE)
    for (unit in c(1:31, 127)) {
      control <- rawToChar(as.raw(unit))
      if (grepl(control, text, fixed = TRUE)) text <- gsub(control, sprintf("\\u%04x", unit), text, fixed = TRUE)
    }
    paste0("\"", text, "\"")
  }

  send <- function(text) {
    flush(stdout())
    writeBin(charToRaw(paste0(text, "\n")), events)
    flush(events)
  }

  send_result <- function(is_main, data) {
    fields <- paste0(vapply(names(data), json, ""), ":", unlist(data), collapse = ",")
    send(sprintf("{\"type\":\"result\",\"isMain\":%s,\"data\":{%s}}", if (is_main) "true" else "false", fields))
  }

  send_error <- function(name, value, traceback) {
    send(paste0(
      "{\"type\":\"error\",\"name\":", json(name), ",\"value\":", json(value), ",\"traceback\":", json(traceback), "}"
    ))
  }

  pending <- raw()
  receive <- function() {
    repeat {
      end <- match(as.raw(10), pending)
      if (!is.na(end)) {
        line <- rawToChar(pending[seq_len(end - 1)])
        pending <<- pending[-seq_len(end)]
        return(line)
      }
      # Gives what the pipe holds, and waits when that is nothing.
      chunk <- readBin(commands, "raw", 65536)
      if (length(chunk) == 0) return(NULL)
      pending <<- c(pending, chunk)
    }
  }

  set <- function(pairs) {
    for (pair in pairs) {
      at <- regexpr("=", pair, fixed = TRUE)
      do.call(Sys.setenv, setNames(list(substring(pair, at + 1)), substring(pair, 1, at - 1)))
    }
  }

  names_of <- function(pairs) sub("=.*", "", pairs)

  # What a value looks like: as R prints it, and a table as HTML too.
  media <- function(value) {
    data <- list("text/plain" = json(capture.output(print(value))))
    if (is.data.frame(value)) data[["text/html"]] <- json(table_html(value))
    data
  }

  table_html <- function(frame) {
    escape <- function(text) gsub("<", "&lt;", gsub("&", "&amp;", as.character(text), fixed = TRUE), fixed = TRUE)
    row <- function(tag, cells) paste0("<tr>", paste0("<", tag, ">", escape(cells), "</", tag, ">", collapse = ""), "</tr>")
    shown <- utils::head(frame, 60)
    body <- vapply(seq_len(nrow(shown)), function(index) {
      row("td", c(rownames(shown)[index], vapply(shown, function(column) format(column[[index]]), "")))
    }, "")
    paste0("<table>\n", row("th", c("", names(frame))), "\n", paste(body, collapse = "\n"), "\n</table>")
  }

  open_figures <- function(...) {
    grDevices::png(file.path(figures, "%06d.png"), width = 800, height = 600, res = 120, type = "cairo")
  }

  # Shows what was drawn.
  send_figures <- function() {
    while (grDevices::dev.cur() > 1) grDevices::dev.off()
    for (file in sort(list.files(figures, full.names = TRUE))) {
      bytes <- readBin(file, "raw", file.size(file))
      unlink(file)
      send_result(FALSE, list("image/png" = paste0("\"", encode(bytes), "\"")))
    }
  }

  is_evaluation <- function(call) identical(call, quote(eval(expressions[[index]], globalenv())))

  # The calls of a cell: without those of this file before them, and those that took the error after them.
  own_calls <- function(calls) {
    begin <- Position(is_evaluation, calls, right = TRUE)
    if (is.na(begin)) return(character())
    # The two that are last are the handler's.
    calls <- utils::head(utils::tail(calls, -begin), -2)
    vapply(calls, function(call) paste(utils::head(deparse(call), 1)), "")
  }

  run <- function(code) {
    shown <- NULL
    failure <- tryCatch(
      {
        expressions <- parse(text = code, keep.source = FALSE, encoding = "UTF-8")
        for (index in seq_along(expressions)) {
          if (!is.null(shown)) send_result(FALSE, media(shown$value))
          shown <- NULL
          outcome <- withVisible(withCallingHandlers(
            eval(expressions[[index]], globalenv()),
            error = function(condition) trace <<- own_calls(sys.calls())
          ))
          if (outcome$visible) shown <- outcome
        }
        NULL
      },
      interrupt = function(condition) list("Interrupted", "The execution was interrupted", "The execution was interrupted"),
      error = function(condition) {
        call <- conditionCall(condition)
        place <- if (is.null(call) || is_evaluation(call)) "Error: " else paste0("Error in ", paste(deparse(call), collapse = " "), ": ")
        text <- paste0(place, conditionMessage(condition))
        list("ERROR", text, c(text, "Traceback:", trace))
      }
    )
    send_figures()
    if (!is.null(failure)) return(do.call(send_error, failure))
    if (!is.null(shown)) {
      data <- tryCatch(media(shown$value), error = function(condition) NULL)
      send_figures()
      if (!is.null(data)) send_result(TRUE, data)
    }
  }

  trace <- character()
  options(device = open_figures, warn = 1, width = 120, browser = "false", pager = "cat")
  send("{\"type\":\"ready\"}")
  repeat {
    line <- tryCatch(receive(), interrupt = function(condition) "")
    if (is.null(line)) quit("no")
    if (line == "") next
    fields <- vapply(strsplit(line, " ", fixed = TRUE)[[1]], decode, "", USE.NAMES = FALSE)
    count <- as.integer(fields[[3]])
    own <- fields[3 + seq_len(count)]
    if (length(fields) > 3 + count) set(fields[(4 + count):length(fields)])
    if (fields[[1]] == "1") {
      random <- file("/dev/urandom", "rb")
      set.seed(readBin(random, "integer"))
      close(random)
    }
    old <- Sys.getenv(names_of(own), unset = NA, names = TRUE)
    set(own)
    trace <- character()
    send("{\"type\":\"started\"}")
    tryCatch(run(fields[[2]]), interrupt = function(condition) NULL)
    for (pair in own) {
      name <- names_of(pair)
      if (identical(unname(Sys.getenv(name)), sub("^[^=]*=", "", pair))) {
        if (is.na(old[[name]])) Sys.unsetenv(name) else set(paste0(name, "=", old[[name]]))
      }
    }
    send("{\"type\":\"idle\"}")
  }
})
