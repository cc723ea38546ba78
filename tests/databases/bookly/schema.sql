-- A database like that of Bookly 27.4 in a WordPress, reduced to what reminders need: tables, columns and types only.
-- MariaDB or MySQL: `mariadb DATABASE < schema.sql`, then seed.sql. The prefix is `wp_`.
-- start_date and end_date are wall clock of the SITE's zone, without an index; extras_duration (seconds) comes on top.
SET NAMES utf8mb4;
CREATE TABLE wp_options (
  option_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, option_name VARCHAR(191) NOT NULL DEFAULT '' UNIQUE,
  option_value LONGTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_bookly_staff (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, full_name VARCHAR(255), email VARCHAR(255), phone VARCHAR(32),
  time_zone VARCHAR(255)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_bookly_services (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, type ENUM('simple','collaborative','compound','package') NOT NULL DEFAULT 'simple',
  title VARCHAR(255) DEFAULT '', duration INT NOT NULL DEFAULT 900, capacity_max INT NOT NULL DEFAULT 1
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_bookly_customers (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, full_name VARCHAR(128) NOT NULL DEFAULT '',
  first_name VARCHAR(64) NOT NULL DEFAULT '', last_name VARCHAR(64) NOT NULL DEFAULT '', phone VARCHAR(32) NOT NULL DEFAULT '',
  email VARCHAR(128) NOT NULL DEFAULT '', birthday DATE, notes TEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE wp_bookly_appointments (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, location_id INT UNSIGNED, staff_id INT UNSIGNED NOT NULL,
  service_id INT UNSIGNED, custom_service_name VARCHAR(255), start_date DATETIME, end_date DATETIME,
  extras_duration INT NOT NULL DEFAULT 0, created_from ENUM('bookly','google','outlook','apple') NOT NULL DEFAULT 'bookly',
  created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL,
  FOREIGN KEY (staff_id) REFERENCES wp_bookly_staff (id) ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY (service_id) REFERENCES wp_bookly_services (id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE wp_bookly_customer_appointments (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, customer_id INT UNSIGNED NOT NULL, appointment_id INT UNSIGNED NOT NULL,
  number_of_persons INT UNSIGNED NOT NULL DEFAULT 1, notes TEXT, custom_fields TEXT, status VARCHAR(255) NOT NULL DEFAULT 'approved',
  time_zone VARCHAR(255), time_zone_offset INT, locale VARCHAR(8), created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL,
  FOREIGN KEY (customer_id) REFERENCES wp_bookly_customers (id) ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY (appointment_id) REFERENCES wp_bookly_appointments (id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
