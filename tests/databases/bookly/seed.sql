-- Made-up data. See expected.json for what must come out, as of 2026-11-23T08:00:00Z, window 2026-09-24 .. 2027-06-01.
SET NAMES utf8mb4;
SET sql_mode = 'ALLOW_INVALID_DATES';
INSERT INTO wp_options (option_name, option_value) VALUES ('timezone_string','Europe/Madrid'),('gmt_offset','1');
INSERT INTO wp_bookly_staff (id, full_name, email, phone) VALUES (1,'Ana Ruiz','ana@clinica.example','+34910000001');
INSERT INTO wp_bookly_services (id, title, duration, capacity_max) VALUES (1,'Haircut',1800,1),(2,'Yoga class',3600,10);
INSERT INTO wp_bookly_customers (id, full_name, first_name, last_name, phone, email, birthday, notes) VALUES
 (10,'Lucía Gómez','Lucía','Gómez','+34600000010','lucia@mail.example','0000-00-00','Alergia al látex'),
 (11,'John Smith','John','Smith','+12125550111','john@mail.example',NULL,''),
 (12,'Chloé Dupont-Lévy','Chloé','Dupont-Lévy','','chloe@mail.example',NULL,''),
 (13,'Zoë 😀 O\'Brien','','','','zoe@mail.example',NULL,''),
 (14,'Max Ohne','Max','Ohne','+4915100000014','',NULL,'');
INSERT INTO wp_bookly_appointments (id, location_id, staff_id, service_id, custom_service_name, start_date, end_date, extras_duration, created_from, created_at, updated_at) VALUES
 (1,NULL,1,1,NULL,'2026-11-24 10:00:00','2026-11-24 10:30:00',900,'bookly','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (2,3,1,2,NULL,'2026-11-25 18:00:00','2026-11-25 19:00:00',0,'bookly','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (3,NULL,1,1,NULL,'2026-11-24 11:00:00','2026-11-24 11:30:00',0,'bookly','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (4,NULL,1,NULL,'Árbol de Navidad','2026-11-24 13:00:00','2026-11-24 14:00:00',0,'bookly','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (5,NULL,1,NULL,'Dentist (own calendar)','2026-11-24 15:00:00','2026-11-24 16:00:00',0,'google','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (6,NULL,1,1,NULL,NULL,NULL,0,'bookly','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (7,NULL,1,1,NULL,'2027-03-28 02:30:00','2027-03-28 03:00:00',0,'bookly','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (8,NULL,1,1,NULL,'2026-11-24 23:45:00','2026-11-25 00:00:00',1800,'bookly','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (9,NULL,1,1,NULL,'2029-01-15 10:00:00','2029-01-15 10:30:00',0,'bookly','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (10,NULL,1,1,NULL,'2026-11-20 10:00:00','2026-11-20 10:30:00',0,'bookly','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (11,NULL,1,1,NULL,'2026-11-26 10:00:00','2026-11-26 10:30:00',0,'bookly','2026-11-01 10:00:00','2026-11-01 10:00:00');
INSERT INTO wp_bookly_customer_appointments (id, customer_id, appointment_id, number_of_persons, notes, custom_fields, status, time_zone, time_zone_offset, locale, created_at, updated_at) VALUES
 (21,10,1,1,'First visit','[{"id":1,"value":"Seguro 4711"}]','approved',NULL,NULL,'es_ES','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (22,10,2,1,NULL,'[]','cancelled',NULL,NULL,'es_ES','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (23,10,2,1,NULL,'[]','approved',NULL,NULL,'es_ES','2026-11-02 10:00:00','2026-11-02 10:00:00'),
 (24,11,2,4,'Brings a mat','[]','approved','America/New_York',300,'en_US','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (25,12,2,1,NULL,'[]','cancelled',NULL,NULL,'fr_FR','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (26,13,2,1,NULL,'[]','waitlisted',NULL,NULL,'pt_BR','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (27,12,3,1,NULL,'[]','cancelled',NULL,NULL,'fr_FR','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (28,14,4,1,NULL,NULL,'pending','UTC+1',-60,NULL,'2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (29,10,6,1,NULL,NULL,'approved',NULL,NULL,'es_ES','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (30,10,7,1,NULL,NULL,'approved',NULL,NULL,'es_ES','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (31,13,8,1,NULL,NULL,'rejected',NULL,NULL,'pt_BR','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (32,10,9,1,NULL,NULL,'approved',NULL,NULL,'es_ES','2026-11-01 10:00:00','2026-11-01 10:00:00'),
 (33,11,10,1,NULL,NULL,'done',NULL,NULL,'en_US','2026-11-01 10:00:00','2026-11-01 10:00:00');
